{#
  Where a node is built: `<bot>_staging` and `<bot>_views` for the chat domain, `<domain>_staging` and `<domain>_marts`
  for the others. Behind it SCHEMA_SUFFIX, of a pull request or a developer; without it the environment, outside dev and
  prod. plugins/parley/pipelines.py `built_schema` says the same.
#}
{% macro generate_schema_name(custom_schema_name, node) -%}
    {%- set name = custom_schema_name or target.schema -%}
    {%- if name in ('staging', 'views', 'marts') -%}
        {%- set domain = node.fqn[1] -%}
        {%- set bot = var('dest_schema_prefix') or var('source_schema_prefix') -%}
        {%- set name = (bot if domain == 'chat' else domain) ~ '_' ~ name -%}
    {%- endif -%}
    {%- set suffix = env_var('SCHEMA_SUFFIX', '') or ('' if target.name in ('dev', 'prod') else target.name) -%}
    {{ name }}{{ '_' ~ suffix if suffix }}
{%- endmacro %}
