-- Under every attribution model the credits of an order sum to its revenue, in both currencies.
with

credited as (

    select
        order_id,
        attribution_model,
        sum(revenue) as revenue,
        sum(revenue_reporting) as revenue_reporting
    from {{ ref('attribution_credits') }}
    group by
        order_id,
        attribution_model

),

orders as (

    select *
    from {{ ref('attribution_touchpoints') }}
    where touch_nr = 1

)

select
    orders.order_id,
    credited.attribution_model,
    orders.revenue,
    credited.revenue as credited
from orders
left join credited on credited.order_id = orders.order_id
where
    credited.order_id is null
    or credited.revenue <> orders.revenue
    or coalesce(credited.revenue_reporting, -1) <> coalesce(orders.revenue_reporting, -1)
