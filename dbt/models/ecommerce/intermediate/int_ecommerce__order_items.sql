-- A table, as int_ecommerce__orders is.
{{ config(materialized='table', dist='order_id', sort='order_id') }}

with

items as (

    select * from {{ ref('stg_ecommerce__order_items') }}

),

orders as (

    select * from {{ ref('int_ecommerce__orders') }}

),

rates as (

    select * from {{ ref('int_ecommerce__exchange_rates') }}

),

final as (

    select
        items.*,
        cast(cast(items.price as numeric(24, 4)) * items.quantity as numeric(18, 4)) as amount,
        {{ to_reporting_currency('cast(items.price as numeric(24, 4)) * items.quantity', 'rates.rate', 'rates.reporting_rate') }}
            as amount_reporting
    from items
    inner join orders
        on orders.order_id = items.order_id
    left join rates
        on rates.currency = orders.currency
        and rates.valid_from <= cast(orders.occurred_at as date)
        and rates.valid_until > cast(orders.occurred_at as date)

)

select * from final
