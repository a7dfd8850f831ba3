{# No two rows have the same values in all of these columns. #}
{% test unique_together(model, columns) %}
    {%- set names = get_quoted_csv(columns) %}
    select
        {{ names }},
        count(*) as rows_count
    from {{ model }}
    group by {{ names }}
    having count(*) > 1
{% endtest %}
