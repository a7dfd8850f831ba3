-- A table, as int_ecommerce__orders is.
{{ config(materialized='table', dist='order_id', sort='order_id') }}

{#- DuckDB multiplies two numbers of up to 18 digits into one of 18: one is made wider first. #}
{% set price = 'cast(items.price as numeric(24, 4)) * items.quantity' %}

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
        {{ amount(price) }} as amount,
        {{ to_reporting_currency(price, 'rates.rate', 'rates.reporting_rate') }} as amount_reporting
    from items
    inner join orders
        on orders.order_id = items.order_id
    left join rates
        on rates.currency = orders.currency
        and rates.valid_from <= cast(orders.occurred_at as date)
        and rates.valid_until > cast(orders.occurred_at as date)

)

select * from final
