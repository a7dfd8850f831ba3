{% set table = event_table('product_added') %}

with

landed as (

    select * from {{ table.from }} as landed

),

final as (

    select
        {{ event_ids(table) }},

        -- what was added
        {{ event_text(table, 'cart_id') }} as cart_id,
        {{ event_text(table, var('product_ref_var'), needed=true) }} as product_id,
        {{ event_text(table, var('category_ref_var') or 'category') }} as category,
        {{ event_number(table, 'price') }} as price,
        coalesce({{ event_number(table, 'quantity') }}, 1) as quantity,
        upper({{ event_text(table, 'currency') }}) as currency
    from landed
    where {{ of_known_loads(table) }}

)

select * from final
