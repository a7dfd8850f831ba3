{# In each row column A is greater than column B, or as great; where one of them is missing there is nothing to compare. #}
{% test expect_column_pair_values_A_to_be_greater_than_B(
    model, column_A, column_B, or_equal=false, row_condition=none
) %}
    select
        {{ column_A }} as column_a,
        {{ column_B }} as column_b
    from {{ model }}
    where
        ({{ row_condition or 'true' }})
        and not ({{ column_A }} {{ '>=' if or_equal else '>' }} {{ column_B }})
{% endtest %}
