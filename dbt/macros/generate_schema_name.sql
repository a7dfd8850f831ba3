{#
  Where a node is built: `<bot>_staging` and `<bot>_views` for the chat domain, `<domain>_staging` and `<domain>_marts`
  for the others. Behind it SCHEMA_SUFFIX, of a pull request or a developer; without it the environment, outside dev and
  prod. plugins/parley/pipelines.py `built_schema` says the same. The archives of all domains are in
  `archive<schema_suffix>`: what they keep cannot be made again, so every environment has its own, dev too, and the
  variable is never added to.
#}
{% macro generate_schema_name(custom_schema_name, node) -%}
    {%- set name = custom_schema_name or target.schema -%}
    {%- set environment = env_var('SCHEMA_SUFFIX', '') or (target.name if target.name != 'prod' else '') -%}
    {%- set suffix = '_' ~ environment if environment not in ('', 'dev') else '' -%}
    {%- if name in ('staging', 'views', 'marts') -%}
        {%- set domain = node.fqn[1] -%}
        {%- set bot = var('dest_schema_prefix') or var('source_schema_prefix') -%}
        {%- set name = (bot if domain == 'chat' else domain) ~ '_' ~ name -%}
    {%- elif name == 'archive' -%}
        {%- set given = var('schema_suffix') -%}
        {%- set suffix = ('_' ~ environment if environment else '') if given is none else given -%}
    {%- endif -%}
    {{ name }}{{ suffix }}
{%- endmacro %}
