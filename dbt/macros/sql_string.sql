{# A text as an SQL literal. #}
{% macro sql_string(text) -%}
    {{ return(adapter.dispatch('sql_string')(text)) }}
{%- endmacro %}

{% macro default__sql_string(text) -%}
    '{{ text | string | replace("'", "''") }}'
{%- endmacro %}

{# A backslash escapes, as in PostgreSQL 8. #}
{% macro redshift__sql_string(text) -%}
    {{ default__sql_string(text | string | replace("\\", "\\\\")) }}
{%- endmacro %}
