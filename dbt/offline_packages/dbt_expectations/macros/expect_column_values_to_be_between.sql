{# No value is below the least or above the greatest allowed; `strictly` allows neither of these two. #}
{% test expect_column_values_to_be_between(
    model, column_name, min_value=none, max_value=none, group_by=none, row_condition=none, strictly=false
) %}
    {%- if group_by -%}
        {{ exceptions.raise_compiler_error("The stand-in of dbt_expectations knows no group_by.") }}
    {%- endif -%}
    select {{ column_name }}
    from {{ model }}
    where
        ({{ row_condition or 'true' }})
        and (
            {%- if min_value is not none %}
            {{ column_name }} {{ '<=' if strictly else '<' }} {{ min_value }}
            {%- endif %}
            {{- ' or' if min_value is not none and max_value is not none }}
            {%- if max_value is not none %}
            {{ column_name }} {{ '>=' if strictly else '>' }} {{ max_value }}
            {%- endif %}
        )
{% endtest %}
