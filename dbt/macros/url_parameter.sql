{# A parameter of an URL's query as it is written there; null when it is blank or not there. #}
{% macro url_parameter(url, name) -%}
    {#- Every parameter follows a `&` then, the first one too. -#}
    {%- set query = "replace(split_part(" ~ url ~ ", '#', 1), '?', '&')" -%}
    nullif(split_part(split_part({{ query }}, {{ sql_string('&' ~ name ~ '=') }}, 2), '&', 1), '')
{%- endmacro %}
