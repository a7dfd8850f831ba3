-- A table: a row for each day and currency is little to make.
{{ config(materialized='table', dist='all', sort='activity_date') }}

with

orders as (

    select * from {{ ref('int_ecommerce__orders') }}

),

-- A refund says no more than its order's id: currency and rate are the order's.
refunds as (

    select
        refunds.total,
        refunds.occurred_at,
        coalesce(refunds.currency, orders.currency) as currency
    from {{ ref('stg_ecommerce__refunds') }} as refunds
    left join orders
        on orders.order_id = refunds.order_id

),

order_totals as (

    select
        cast(occurred_at as date) as activity_date,
        coalesce(currency, 'unknown') as currency,
        count(*) as orders,
        sum(revenue) as revenue,
        sum(total) as total,
        sum(revenue_reporting) as revenue_reporting
    from orders
    group by
        cast(occurred_at as date),
        coalesce(currency, 'unknown')

),

refund_totals as (

    select
        cast(occurred_at as date) as activity_date,
        coalesce(currency, 'unknown') as currency,
        count(*) as refunds,
        sum(total) as refunded_total
    from refunds
    group by
        cast(occurred_at as date),
        coalesce(currency, 'unknown')

),

days as (

    select
        activity_date,
        currency
    from order_totals
    union
    select
        activity_date,
        currency
    from refund_totals

),

final as (

    select
        days.activity_date,
        days.currency,
        coalesce(order_totals.orders, 0) as orders,
        cast(coalesce(order_totals.revenue, 0) as numeric(38, 4)) as revenue,
        cast(coalesce(order_totals.total, 0) as numeric(38, 4)) as total,
        cast(order_totals.revenue_reporting as numeric(38, 4)) as revenue_reporting,
        coalesce(refund_totals.refunds, 0) as refunds,
        cast(coalesce(refund_totals.refunded_total, 0) as numeric(38, 4)) as refunded_total
    from days
    left join order_totals
        on order_totals.activity_date = days.activity_date
        and order_totals.currency = days.currency
    left join refund_totals
        on refund_totals.activity_date = days.activity_date
        and refund_totals.currency = days.currency

)

select * from final
