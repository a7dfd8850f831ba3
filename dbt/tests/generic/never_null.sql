{#
  None of these columns is ever empty. One pass over the table where the built-in not_null takes one for each column:
  on a run they were more than half of all tests. Gives a row for each column that fails, with the number of its rows.
#}
{% test never_null(model, columns) %}
    with

    counts as (

        select
            {%- for column in columns %}
            sum(case when {{ adapter.quote(column) }} is null then 1 else 0 end) as {{ adapter.quote(column) }}
            {{- ',' if not loop.last }}
            {%- endfor %}
        from {{ model }}

    ),

    final as (

        {%- for column in columns %}
        select
            '{{ column }}' as column_name,
            {{ adapter.quote(column) }} as rows_count
        from counts
        where {{ adapter.quote(column) }} > 0
        {{ 'union all' if not loop.last }}
        {%- endfor %}

    )

    select * from final
{% endtest %}
