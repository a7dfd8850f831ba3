select
    order_date as day,
    attribution_model as model,
    channel,
    sum(credited_orders) as credited_orders,
    sum(revenue_reporting) as revenue
from {marts}.attribution_by_channel
group by
    order_date,
    attribution_model,
    channel
order by
    day,
    model,
    channel
