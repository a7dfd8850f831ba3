-- Every order with a known revenue is in the attribution, once.
with

attributed as (

    select order_id
    from {{ ref('attribution_touchpoints') }}
    where touch_nr = 1

)

select orders.order_id
from {{ ref('int_ecommerce__orders') }} as orders
left join attributed on attributed.order_id = orders.order_id
where
    orders.revenue is not null
    and attributed.order_id is null
