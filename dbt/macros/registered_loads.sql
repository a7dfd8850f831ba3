{#
  A raw table that RudderStack wrote itself, with the `_load_id` that its rows lack: the registered load in whose time
  they were loaded (plugins/parley/registered_loads.py). What is not registered yet is left out.

  RudderStack may write an event twice, where it appends. Of the rows of one `id` the first that was loaded stays: so an
  event does not move to another load when it is delivered again. `id`, `loaded_at` and `occurred_at` are expressions of
  the table's columns.
#}
{% macro registered_loads(relation, id, loaded_at, occurred_at) -%}
    (
        select *
        from (
            select
                events.*,
                loads.load_id as _load_id,
                row_number() over (partition by {{ id }} order by {{ loaded_at }}, {{ occurred_at }}) as _delivery_nr
            from {{ relation }} as events
            inner join (
                select
                    load_id,
                    cast(load_id as timestamp) as loaded_until,
                    coalesce(
                        lag(cast(load_id as timestamp)) over (order by load_id), cast('1970-01-01' as timestamp)
                    ) as loaded_after
                from (
                    select distinct load_id
                    from {{ source('ecommerce_raw', '_loads') }}
                    where status = 0
                ) as complete
            ) as loads
                on {{ loaded_at }} > loads.loaded_after
                and {{ loaded_at }} <= loads.loaded_until
        ) as deliveries
        where _delivery_nr = 1
    )
{%- endmacro %}
