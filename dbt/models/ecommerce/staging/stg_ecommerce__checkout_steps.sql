{% set table = event_table('checkout_step_completed', needed=false) %}

with

landed as (

    select * from {{ table.from }} as landed

),

final as (

    select
        {{ event_ids(table) }},

        -- the step
        {{ event_text(table, 'checkout_id') }} as checkout_id,
        {{ event_text(table, 'order_id') }} as order_id,
        cast({{ event_number(table, 'step') }} as bigint) as step,
        lower({{ event_text(table, 'payment_method') }}) as payment_method,
        lower({{ event_text(table, 'card_type') }}) as card_type,
        {{ event_text(table, 'shipping_method') }} as shipping_method
    from landed
    where {{ of_known_loads(table) }}

)

select * from final
