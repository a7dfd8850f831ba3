{# The time in this column is not after the one in another; where one is missing there is nothing to compare. #}
{% test not_after(model, column_name, other) %}
    select
        {{ column_name }},
        {{ other }}
    from {{ model }}
    where {{ column_name }} > {{ other }}
{% endtest %}
