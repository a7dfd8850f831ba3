-- A table, made anew by each run: a rate that is corrected counts for the past too. Many models read it, and as a view
-- it would look for orders that came twice each time.
{{ config(materialized='table', dist='order_id', sort='order_id') }}

with

orders as (

    select * from {{ ref('stg_ecommerce__orders') }}

),

rates as (

    select * from {{ ref('int_ecommerce__exchange_rates') }}

),

final as (

    select
        orders.*,
        {{ to_reporting_currency('orders.revenue', 'rates.rate', 'rates.reporting_rate') }} as revenue_reporting,
        {{ to_reporting_currency('orders.total', 'rates.rate', 'rates.reporting_rate') }} as total_reporting
    from orders
    left join rates
        on rates.currency = orders.currency
        and rates.valid_from <= cast(orders.occurred_at as date)
        and rates.valid_until > cast(orders.occurred_at as date)

)

select * from final
