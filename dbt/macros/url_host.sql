{# The host of an URL, in lower case, without its port; null when there is none. #}
{% macro url_host(url) -%}
    {%- set host = namespace(sql="split_part(" ~ url ~ ", '//', 2)") -%}
    {%- for end in ['/', '?', '#', ':'] -%}
        {%- set host.sql = "split_part(" ~ host.sql ~ ", '" ~ end ~ "', 1)" -%}
    {%- endfor -%}
    nullif(lower({{ host.sql }}), '')
{%- endmacro %}
