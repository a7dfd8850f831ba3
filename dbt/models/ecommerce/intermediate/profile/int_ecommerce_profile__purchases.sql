with

orders as (

    {{ profile_events(ref('int_ecommerce__orders')) }}

),

order_items as (

    select * from {{ ref('int_ecommerce__order_items') }}

),

lines as (

    select
        orders.main_id,
        orders.order_id,
        orders.occurred_at,
        order_items.product_id,
        order_items.category,
        order_items.quantity,
        coalesce(order_items.amount_reporting, 0) as amount
    from orders
    inner join order_items
        on order_items.order_id = orders.order_id

),

totals as (

    select
        main_id,
        cast(sum(quantity) as double precision) / count(distinct order_id) as average_units_per_transaction
    from lines
    group by main_id

),

items as (

    select
        main_id,
        product_id as value
    from lines
    where product_id is not null
    group by
        main_id,
        product_id

),

item_arrays as (

    {{ json_arrays('items', {'items_purchased_ever': 'true'}, max_size=var('var_max_list_size')) }}

),

categories as (

    select
        main_id,
        category as value,
        sum(amount) as amount,
        count(distinct order_id) as orders_count,
        max(occurred_at) as last_bought_at
    from lines
    where category is not null
    group by
        main_id,
        category

),

category_arrays as (

    {{ json_arrays('categories', {'categories_purchased_ever': 'true'}, max_size=var('var_max_list_size')) }}

),

latest_categories as (

    select
        *,
        row_number() over (
            partition by main_id
            order by last_bought_at desc, {{ byte_order('value') }}
        ) as latest_nr
    from categories

),

ranked_categories as (

    select
        main_id,
        value,
        row_number() over (
            partition by main_id
            order by amount desc, {{ byte_order('value') }}
        ) as spent_nr,
        row_number() over (
            partition by main_id
            order by orders_count desc, {{ byte_order('value') }}
        ) as transacted_nr
    from latest_categories
    where latest_nr <= {{ var('var_max_cart_size') }}

),

highest_categories as (

    select
        main_id,
        max(case when spent_nr = 1 then value end) as highest_spent_category,
        max(case when transacted_nr = 1 then value end) as highest_transacted_category
    from ranked_categories
    group by main_id

),

final as (

    select
        totals.main_id,
        totals.average_units_per_transaction,
        case when item_arrays.main_id is null then '[]' else item_arrays.items_purchased_ever end as items_purchased_ever,
        case
            when category_arrays.main_id is null then '[]'
            else category_arrays.categories_purchased_ever
        end as categories_purchased_ever,
        highest_categories.highest_spent_category,
        highest_categories.highest_transacted_category
    from totals
    left join item_arrays
        on item_arrays.main_id = totals.main_id
    left join category_arrays
        on category_arrays.main_id = totals.main_id
    left join highest_categories
        on highest_categories.main_id = totals.main_id

)

select * from final
