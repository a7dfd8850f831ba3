{% set arrays = {} %}
{% for n in profile_lookback_days() %}
{% do arrays.update({'products_added_in_past_' ~ n ~ '_days': 'days_ago <= ' ~ n}) %}
{% endfor %}

with

product_added as (

    {{ profile_events(ref('stg_ecommerce__product_added')) }}

),

carts as (

    select
        main_id,
        cart_id,
        min(days_ago) as days_ago
    from product_added
    where cart_id is not null
    group by
        main_id,
        cart_id

),

cart_totals as (

    select
        main_id,
        {%- for n in profile_lookback_days() %}
        sum(case when days_ago <= {{ n }} then 1 else 0 end) as carts_in_past_{{ n }}_days,
        {%- endfor %}
        count(*) as total_carts
    from carts
    group by main_id

),

products as (

    select
        main_id,
        product_id as value,
        min(days_ago) as days_ago
    from product_added
    where product_id is not null
    group by
        main_id,
        product_id

),

product_arrays as (

    {{ json_arrays('products', arrays) }}

),

totals as (

    select
        main_id,
        count(*) as total_products_added_to_cart,
        min(days_ago) as days_since_last_cart_add
    from product_added
    group by main_id

),

final as (

    select
        totals.main_id,
        {%- for n in profile_lookback_days() %}
        cast(coalesce(cart_totals.carts_in_past_{{ n }}_days, 0) as integer) as carts_in_past_{{ n }}_days,
        {%- endfor %}
        cast(coalesce(cart_totals.total_carts, 0) as integer) as total_carts,
        {%- for name in arrays %}
        case when product_arrays.main_id is null then '[]' else product_arrays.{{ name }} end as {{ name }},
        {%- endfor %}
        cast(totals.total_products_added_to_cart as integer) as total_products_added_to_cart,
        cast(totals.days_since_last_cart_add as integer) as days_since_last_cart_add
    from totals
    left join cart_totals
        on cart_totals.main_id = totals.main_id
    left join product_arrays
        on product_arrays.main_id = totals.main_id

)

select * from final
