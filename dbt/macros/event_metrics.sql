{#
  The whole of an event_metrics model: a row for each period, and platform if wanted, with sessions or orders.

  period: day, week or month. `period_column`, `users_column`: how the first day of the period and its active users are
  called.
#}
{% macro event_metrics(period, period_column, users_column, by_platform=false) %}
    {% set keys = [period_column] + (['platform'] if by_platform else []) %}

    with

    session_days as (

        select
            session_id,
            events_count,
            pages_count,
            cast({{ dbt.date_trunc(period, 'activity_date') }} as date) as {{ period_column }}
        from {{ ref('int_ecommerce__session_days') }}

    ),

    sessions as (

        select
            session_id,
            dbt_visitor_id,
            platform,
            session_started_at,
            length_seconds,
            is_bounced
        from {{ ref('int_ecommerce__sessions') }}

    ),

    orders as (

        select
            platform,
            revenue,
            revenue_reporting,
            cast({{ dbt.date_trunc(period, 'occurred_at') }} as date) as {{ period_column }}
        from {{ ref('int_ecommerce__orders') }}

    ),

    first_visits as (

        select
            dbt_visitor_id,
            cast({{ dbt.date_trunc(period, 'min(session_started_at)') }} as date) as first_{{ period_column }}
        from sessions
        group by dbt_visitor_id

    ),

    -- A session over midnight is one of both days, so that a day never has fewer sessions than users.
    session_periods as (

        select
            session_id,
            {{ period_column }},
            sum(events_count) as events_count,
            sum(pages_count) as pages_count
        from session_days
        group by
            session_id,
            {{ period_column }}

    ),

    activity as (

        select
            {%- for key in keys %}
            {{ 'session_periods' if loop.first else 'sessions' }}.{{ key }},
            {%- endfor %}
            count(distinct sessions.dbt_visitor_id) as {{ users_column }},
            count(
                distinct case
                    when first_visits.first_{{ period_column }} = session_periods.{{ period_column }}
                        then sessions.dbt_visitor_id
                end
            ) as new_users,
            count(*) as total_sessions,
            count(case when sessions.is_bounced then 1 end) as bounced_sessions,
            cast(sum(sessions.length_seconds) as double precision) / count(*) as avg_session_length,
            cast(sum(session_periods.pages_count) as bigint) as pages_count,
            cast(sum(session_periods.events_count) as bigint) as events_count
        from session_periods
        inner join sessions
            on sessions.session_id = session_periods.session_id
        inner join first_visits
            on first_visits.dbt_visitor_id = sessions.dbt_visitor_id
        group by
            {%- for key in keys %}
            {{ 'session_periods' if loop.first else 'sessions' }}.{{ key }}{{ ',' if not loop.last }}
            {%- endfor %}

    ),

    order_totals as (

        select
            {%- for key in keys %}
            {{ key }},
            {%- endfor %}
            count(*) as orders,
            count(case when revenue is not null and revenue_reporting is null then 1 end) as orders_not_converted,
            sum(revenue_reporting) as revenue
        from orders
        group by
            {%- for key in keys %}
            {{ key }}{{ ',' if not loop.last }}
            {%- endfor %}

    ),

    periods as (

        select {{ keys | join(', ') }} from activity
        union
        select {{ keys | join(', ') }} from order_totals

    ),

    final as (

        select
            {%- for key in keys %}
            periods.{{ key }},
            {%- endfor %}

            -- users
            coalesce(activity.{{ users_column }}, 0) as {{ users_column }},
            coalesce(activity.new_users, 0) as new_users,
            coalesce(activity.{{ users_column }} - activity.new_users, 0) as returning_users,

            -- sessions
            coalesce(activity.total_sessions, 0) as total_sessions,
            coalesce(activity.bounced_sessions, 0) as bounced_sessions,
            cast(activity.bounced_sessions as double precision) / activity.total_sessions as bounce_rate,
            activity.avg_session_length,
            coalesce(activity.pages_count, 0) as pages_count,
            coalesce(activity.events_count, 0) as events_count,

            -- orders, in the reporting currency
            coalesce(order_totals.orders, 0) as orders,
            coalesce(order_totals.orders_not_converted, 0) as orders_not_converted,
            cast(coalesce(order_totals.revenue, 0) as numeric(38, 4)) as revenue
        from periods
        left join activity
            on activity.{{ keys[0] }} = periods.{{ keys[0] }}
            {%- if by_platform %}
            and activity.platform = periods.platform
            {%- endif %}
        left join order_totals
            on order_totals.{{ keys[0] }} = periods.{{ keys[0] }}
            {%- if by_platform %}
            and order_totals.platform = periods.platform
            {%- endif %}

    )

    select * from final
{% endmacro %}
