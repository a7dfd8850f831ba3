{#
  A raw table that RudderStack wrote itself, with the `_load_id` that its rows lack: the registered load in whose time
  they were loaded (plugins/parley/registered_loads.py). What is not registered yet is left out.
#}
{% macro registered_loads(relation, loaded_at) -%}
    (
        select
            events.*,
            loads.load_id as _load_id
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
    )
{%- endmacro %}
