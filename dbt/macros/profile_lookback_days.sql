{# The variable `lookback_days`, checked: each number gives columns of its own. In ascending order. #}
{% macro profile_lookback_days() -%}
    {%- set days = var('lookback_days') -%}
    {%- set listed = days is iterable and days is not string and days is not mapping -%}
    {%- set wrong = [] -%}
    {%- for number in (days if listed else []) if number is not integer or number is boolean or number < 1 or number > 3650 -%}
        {%- do wrong.append(number) -%}
    {%- endfor -%}
    {%- if not listed or not days or wrong or days | unique | list | length != days | length -%}
        {{ exceptions.raise_compiler_error(
            "The variable lookback_days is " ~ days ~ ". It has to be a list of different whole numbers of days from 1 to "
            ~ "3650, [7, 30, 90, 365] for example."
        ) }}
    {%- endif -%}
    {{ return(days | sort) }}
{%- endmacro %}
