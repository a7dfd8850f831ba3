{# A field of a JSON object in a text, as text; null when it is blank or not there. #}
{% macro json_text(json, field) -%}
    nullif(trim({{ adapter.dispatch('json_field')(json, field) }}), '')
{%- endmacro %}

{% macro default__json_field(json, field) -%}
    cast({{ json }} as json) ->> {{ sql_string(field) }}
{%- endmacro %}

{% macro duckdb__json_field(json, field) -%}
    json_extract_string({{ json }}, {{ sql_string('$."' ~ field ~ '"') }})
{%- endmacro %}

{% macro redshift__json_field(json, field) -%}
    json_extract_path_text({{ json }}, {{ sql_string(field) }}, true)
{%- endmacro %}
