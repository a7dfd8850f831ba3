{{ config(incremental_strategy='replace_orders', dist='order_id', sort='order_id') }}

{% set of_this_run = of_touched_components() %}

with

identified_orders as (

    select
        orders.order_id,
        orders.occurred_at,
        orders.currency,
        orders.revenue,
        orders.revenue_reporting,
        identities.dbt_visitor_id,
        identities.component
    from {{ ref('int_ecommerce__orders') }} as orders
    inner join {{ ref('id_graph') }} as identities
        on identities.node = coalesce(
            {{ identity_node('u', 'orders.user_id') }}, {{ identity_node('a', 'orders.anonymous_id') }}
        )
    where orders.revenue is not null

),

{% if is_incremental() -%}
orders_to_make as (

    select order_id
    from identified_orders
    where {{ of_this_run }}

    union

    -- A rate that was corrected counts for the past too.
    select orders.order_id
    from identified_orders as orders
    inner join {{ this }} as stored
        on stored.order_id = orders.order_id
        and stored.touch_nr = 1
    where
        stored.revenue_reporting <> orders.revenue_reporting
        or (stored.revenue_reporting is null) <> (orders.revenue_reporting is null)

),

{% endif -%}
orders as (

    select *
    from identified_orders
    {%- if is_incremental() %}
    where order_id in (select order_id from orders_to_make)
    {%- endif %}

),

sessions as (

    select *
    from {{ ref('int_ecommerce__sessions') }}
    where dbt_visitor_id in (select dbt_visitor_id from orders)

),

-- An order without a session in the window, one of a server for example, is credited to nobody known.
touches as (

    select
        orders.order_id,
        orders.dbt_visitor_id,
        orders.occurred_at as ordered_at,
        orders.currency,
        orders.revenue,
        orders.revenue_reporting,
        sessions.session_id,
        sessions.session_started_at,
        coalesce(sessions.channel, 'unknown') as channel,
        sessions.utm_source,
        sessions.utm_medium,
        sessions.utm_campaign,
        sessions.platform
    from orders
    left join sessions
        on sessions.dbt_visitor_id = orders.dbt_visitor_id
        and sessions.session_started_at <= orders.occurred_at
        and sessions.session_started_at
            >= {{ dbt.dateadd('day', -1 * var('attribution_lookback_days'), 'orders.occurred_at') }}

),

numbered as (

    select
        *,
        row_number() over (partition by order_id order by session_started_at, {{ byte_order('session_id') }}) as touch_nr,
        count(*) over (partition by order_id) as touches_count
    from touches

),

final as (

    select
        -- ids
        order_id,
        touch_nr,
        touches_count,
        dbt_visitor_id,
        session_id,

        -- timestamps
        ordered_at,
        session_started_at,

        -- the order
        currency,
        revenue,
        revenue_reporting,

        -- the session
        platform,
        channel,
        utm_source,
        utm_medium,
        utm_campaign
    from numbered

)

select * from final
