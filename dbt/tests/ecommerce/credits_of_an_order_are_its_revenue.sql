-- Under every attribution model the credits of an order sum to its revenue, in both currencies.
with

models as (

    {% for model in attribution_models() -%}
    select '{{ model }}' as attribution_model
    {{ 'union all' if not loop.last }}
    {% endfor %}

),

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
    from {{ ref('int_ecommerce__orders') }}
    where revenue is not null

)

select
    orders.order_id,
    models.attribution_model,
    orders.revenue,
    credited.revenue as credited,
    orders.revenue_reporting,
    credited.revenue_reporting as credited_reporting
from orders
cross join models
left join credited
    on credited.order_id = orders.order_id
    and credited.attribution_model = models.attribution_model
where
    credited.order_id is null
    or credited.revenue <> orders.revenue
    or credited.revenue_reporting <> orders.revenue_reporting
    or (credited.revenue_reporting is null) <> (orders.revenue_reporting is null)
