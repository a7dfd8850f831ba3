-- A table: a row for each day, channel and model is little to make.
{{ config(materialized='table', dist='all', sort='order_date') }}

with

credits as (

    select * from {{ ref('attribution_credits') }}

),

final as (

    select
        cast(ordered_at as date) as order_date,
        attribution_model,
        channel,
        coalesce(currency, 'unknown') as currency,
        count(distinct case when credit > 0 then order_id end) as orders,
        sum(credit) as credited_orders,
        cast(sum(revenue) as numeric(38, 4)) as revenue,
        cast(sum(revenue_reporting) as numeric(38, 4)) as revenue_reporting
    from credits
    group by
        cast(ordered_at as date),
        attribution_model,
        channel,
        coalesce(currency, 'unknown')

)

select * from final
