{# The values of a column sum to 1 in each group, but for where there is nothing to share. #}
{% test sums_to_one(model, column, group_by) %}
    select
        {{ group_by }},
        sum({{ column }}) as total
    from {{ model }}
    where {{ column }} is not null
    group by {{ group_by }}
    having abs(sum({{ column }}) - 1) > 0.000001
{% endtest %}
