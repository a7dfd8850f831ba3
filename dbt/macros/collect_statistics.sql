{#
  Statistics are PostgreSQL's to ask for: a table that was just made has none until autovacuum comes by, and the models
  after it would be planned as if it had a handful of rows. DuckDB and Redshift collect them with the rows. To be called
  in a post-hook of every model.
#}
{% macro collect_statistics() -%}
    {{ return(adapter.dispatch('collect_statistics')()) }}
{%- endmacro %}

{% macro default__collect_statistics() -%}
{%- endmacro %}

{% macro postgres__collect_statistics() -%}
    {%- if model.config.materialized in ('table', 'incremental') -%}
    analyze {{ this }}
    {%- endif -%}
{%- endmacro %}

{# dbt-redshift is built on dbt-postgres. #}
{% macro redshift__collect_statistics() -%}
{%- endmacro %}
