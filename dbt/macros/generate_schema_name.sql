{#
  Where a node is built: `<bot>_staging` and `<bot>_views` for the chat domain, `<domain>_staging` and `<domain>_marts`
  for the others, and outside dev and prod the environment behind it. plugins/parley/pipelines.py `built_schema` says
  the same.
#}
{% macro generate_schema_name(custom_schema_name, node) -%}
    {%- set name = custom_schema_name or target.schema -%}
    {%- if name in ('staging', 'views', 'marts') -%}
        {%- set domain = node.fqn[1] -%}
        {%- set bot = var('dest_schema_prefix') or var('source_schema_prefix') -%}
        {%- set name = (bot if domain == 'chat' else domain) ~ '_' ~ name -%}
    {%- endif -%}
    {{ name }}{{ '' if target.name in ('dev', 'prod') else '_' ~ target.name }}
{%- endmacro %}
