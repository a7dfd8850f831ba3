-- depends_on: {{ ref('contact_reason_drivers') }}
-- What the tags changed by is what the total changed by, from one period to the next.
with

sums as (

    {% for period, model in {
        'day': 'contact_reasons_daily', 'week': 'contact_reasons_weekly', 'month': 'contact_reasons_monthly'
    }.items() -%}
    select
        '{{ period }}' as period,
        period_start,
        cast({{ dbt.dateadd(period, -1, 'period_start') }} as date) as period_start_before,
        row_number() over (order by period_start) as period_nr,
        sum(conversations) as conversations
    from {{ ref(model) }}
    group by period_start
    {%- if not loop.last %}

    union all

    {% endif %}
    {%- endfor %}

),

totals as (

    select
        sums.period,
        sums.period_start,
        -- Beyond the days of the calendar a period without contacts has no row.
        sums.conversations - coalesce(sums_before.conversations, 0) as total_change
    from sums
    left join sums as sums_before
        on sums_before.period = sums.period
        and sums_before.period_start = sums.period_start_before
    where sums.period_nr > 1

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
