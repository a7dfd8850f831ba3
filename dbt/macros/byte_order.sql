{# A text to order by so that every warehouse comes to the same order, byte by byte. #}
{% macro byte_order(column) -%}
    {{ return(adapter.dispatch('byte_order')(column)) }}
{%- endmacro %}

{% macro default__byte_order(column) -%}
    {{ column }}
{%- endmacro %}

{# PostgreSQL orders by the language of the database. #}
{% macro postgres__byte_order(column) -%}
    {{ column }} collate "C"
{%- endmacro %}

{# dbt-redshift is built on dbt-postgres, Redshift orders by bytes. #}
{% macro redshift__byte_order(column) -%}
    {{ column }}
{%- endmacro %}
