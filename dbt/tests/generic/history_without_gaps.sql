{#
  The versions of a row in an archive follow one another: each is valid until the next begins, and the last still is.
#}
{% test history_without_gaps(model, key) %}
    with

    followed as (

        select
            {{ key }} as row_key,
            dbt_valid_from,
            dbt_valid_to,
            lead(dbt_valid_from) over (
                partition by {{ key }}
                order by dbt_valid_from, case when dbt_valid_to is null then 1 else 0 end, dbt_valid_to
            ) as next_from
        from {{ model }}

    )

    select *
    from followed
    where
        (dbt_valid_to is null) <> (next_from is null)
        or dbt_valid_to <> next_from
{% endtest %}
