{% set product = var('product_ref_var') %}
{% set category = var('category_ref_var') or 'category' %}

with

items as (

    {{ json_items(ref('stg_ecommerce__orders'), ['order_id'], 'products') }}

),

final as (

    select
        order_id,
        item_nr as line_nr,
        {{ json_text('item', product) }} as product_id,
        {{ json_text('item', category) }} as category,
        {{ json_text('item', 'brand') }} as brand,
        {{ json_text('item', 'name') }} as name,
        {{ text_number(json_text('item', 'price')) }} as price,
        coalesce({{ text_number(json_text('item', 'quantity')) }}, 1) as quantity
    from items

)

select * from final
