{# The column that says who a user is: the variable `main_id`, checked. #}
{% macro profile_main_id() -%}
    {%- set known = ['user_id', 'anonymous_id', 'dbt_visitor_id'] -%}
    {%- if var('main_id') not in known -%}
        {{ exceptions.raise_compiler_error(
            "The variable main_id is '" ~ var('main_id') ~ "'. Known are " ~ known | join(', ') ~ "."
        ) }}
    {%- endif -%}
    {{ return(var('main_id')) }}
{%- endmacro %}
