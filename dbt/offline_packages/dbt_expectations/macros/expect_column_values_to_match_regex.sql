{# Every value matches the expression somewhere. #}
{% test expect_column_values_to_match_regex(model, column_name, regex, row_condition=none, is_raw=false, flags='') %}
    {%- if is_raw or flags -%}
        {{ exceptions.raise_compiler_error("The stand-in of dbt_expectations knows neither is_raw nor flags.") }}
    {%- endif -%}
    select {{ column_name }}
    from {{ model }}
    where
        ({{ row_condition or 'true' }})
        and not ({{ adapter.dispatch('matches', 'dbt_expectations')(column_name, regex) }})
{% endtest %}

{% macro default__matches(column, regex) -%}
    regexp_matches({{ column }}, '{{ regex }}')
{%- endmacro %}

{% macro postgres__matches(column, regex) -%}
    {{ column }} ~ '{{ regex }}'
{%- endmacro %}

{% macro redshift__matches(column, regex) -%}
    regexp_instr({{ column }}, '{{ regex }}') > 0
{%- endmacro %}
