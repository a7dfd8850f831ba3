-- A view: every order has its rate, and a rate that is corrected counts for the past too.
{{ config(materialized='view') }}

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
