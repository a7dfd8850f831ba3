-- A refund joins its order by order_id only: who sends it knows no user.
{% set table = event_table('order_refunded', needed=false) %}

with

landed as (

    select * from {{ table.from }} as landed

),

final as (

    select
        {{ event_ids(table) }},

        -- the refund
        {{ event_text(table, 'order_id') }} as order_id,
        upper({{ event_text(table, 'currency') }}) as currency,
        {{ event_number(table, 'total') }} as total
    from landed
    where {{ of_known_loads(table) }}

)

select * from final
