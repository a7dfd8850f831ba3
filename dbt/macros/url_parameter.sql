{# A parameter of an URL's query as it is written there; null when it is blank or not there. #}
{% macro url_parameter(url, name) -%}
    nullif(
        split_part(split_part(split_part({{ url }}, '#', 1), {{ sql_string(name ~ '=') }}, 2), '&', 1),
        ''
    )
{%- endmacro %}
