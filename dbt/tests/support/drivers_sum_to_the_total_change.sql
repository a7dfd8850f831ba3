-- depends_on: {{ ref('contact_reason_drivers') }}
-- What the tags changed by is what the total changed by, from one period to the next.
with

totals as (

    {% for period, model in {
        'day': 'contact_reasons_daily', 'week': 'contact_reasons_weekly', 'month': 'contact_reasons_monthly'
    }.items() -%}
    select
        '{{ period }}' as period,
        period_start,
        sum(conversations) - lag(sum(conversations)) over (order by period_start) as total_change
    from {{ ref(model) }}
    group by period_start
    {%- if not loop.last %}

    union all

    {% endif %}
    {%- endfor %}

),

drivers as (

    select
        period,
        period_start,
        sum(change) as change,
        min(total_change) as lowest,
        max(total_change) as highest
    from {{ ref('contact_reason_drivers') }}
    group by period, period_start

)

select
    totals.period,
    totals.period_start,
    totals.total_change,
    drivers.change
from totals
left join drivers
    on drivers.period = totals.period
    and drivers.period_start = totals.period_start
where
    coalesce(drivers.change, 0) <> totals.total_change
    or drivers.lowest <> totals.total_change
    or drivers.highest <> totals.total_change
