with

checkout_steps as (

    {{ profile_events(ref('stg_ecommerce__checkout_steps')) }}

),

orders as (

    {{ profile_events(ref('int_ecommerce__orders')) }}

),

payments as (

    select
        main_id,
        payment_method,
        card_type
    from checkout_steps
    union
    select
        main_id,
        payment_method,
        card_type
    from orders

),

payment_methods as (

    select
        main_id,
        payment_method as value
    from payments
    where payment_method is not null
    group by
        main_id,
        payment_method

),

payment_arrays as (

    {{ json_arrays('payment_methods', {'payment_modes': 'true'}) }}

),

cards as (

    select
        main_id,
        max(case
            when payment_method in ({{ profile_card_types() }}) or card_type in ({{ profile_card_types() }}) then 1
            else 0
        end) as has_credit_card
    from payments
    group by main_id

),

final as (

    select
        cards.main_id,
        case when payment_arrays.main_id is null then '[]' else payment_arrays.payment_modes end as payment_modes,
        cards.has_credit_card
    from cards
    left join payment_arrays
        on payment_arrays.main_id = cards.main_id

)

select * from final
