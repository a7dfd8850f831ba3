-- An order that came twice under different event ids counts once: its first event with an amount stays, and its first
-- when there is no amount in any.
{% set table = event_table('order_completed') %}

with

landed as (

    select * from {{ table.from }} as landed

),

order_events as (

    select
        {{ event_ids(table) }},

        -- the order
        {{ event_text(table, 'order_id', needed=true) }} as order_id,
        {{ event_text(table, 'checkout_id') }} as checkout_id,
        upper({{ event_text(table, 'currency', needed=true) }}) as currency,
        {{ event_number(table, 'subtotal') }} as subtotal,
        {{ event_number(table, 'discount') }} as discount,
        {{ event_number(table, 'shipping') }} as shipping,
        {{ event_number(table, 'tax') }} as tax,
        coalesce({{ event_number(table, 'revenue') }}, {{ event_number(table, 'total', needed=true) }}) as revenue,
        {{ event_number(table, 'total', needed=true) }} as total,
        {{ event_text(table, 'coupon') }} as coupon,
        lower({{ event_text(table, 'payment_method') }}) as payment_method,
        lower({{ event_text(table, 'card_type') }}) as card_type,
        {{ event_text(table, 'products', needed=true) }} as products,

        -- where
        {{ event_platform(table) }} as platform,
        {{ event_text(table, 'context_session_id') }} as session_id
    from landed
    where {{ of_known_loads(table) }}

),

numbered as (

    select
        *,
        row_number() over (
            partition by order_id
            order by case when revenue is null then 1 else 0 end, occurred_at, {{ byte_order('event_id') }}
        ) as event_nr
    from order_events
    where order_id is not null

),

final as (

    select
        event_id,
        load_id,
        anonymous_id,
        user_id,
        occurred_at,
        order_id,
        checkout_id,
        currency,
        subtotal,
        discount,
        shipping,
        tax,
        revenue,
        total,
        coupon,
        payment_method,
        card_type,
        products,
        platform,
        session_id
    from numbered
    where event_nr = 1

)

select * from final
