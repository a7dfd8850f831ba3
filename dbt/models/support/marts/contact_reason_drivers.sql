{{ config(sort=['period', 'period_start']) }}

-- What moved the number of contacts from one period to the next: the tags that changed, the largest change first.

{% set periods = {'day': 'contact_reasons_daily', 'week': 'contact_reasons_weekly', 'month': 'contact_reasons_monthly'} %}

with

changes as (

    {% for period, model in periods.items() -%}
    select
        cast('{{ period }}' as varchar(5)) as period,
        period_start,
        cast({{ dbt.dateadd(period, -1, 'period_start') }} as date) as period_start_before,
        "tag",
        reason_group,
        conversations,
        change_to_period_before
    from {{ ref(model) }}
    where change_to_period_before is not null
    {%- if not loop.last %}

    union all

    {% endif %}
    {%- endfor %}

),

totals as (

    select
        period,
        period_start,
        sum(change_to_period_before) as total_change
    from changes
    group by period, period_start

),

final as (

    select
        changes.period,
        changes.period_start,
        changes.period_start_before,
        row_number() over (
            partition by changes.period, changes.period_start
            order by abs(changes.change_to_period_before) desc, {{ byte_order("coalesce(changes.tag, '')") }}
        ) as driver_nr,
        changes.tag,
        changes.reason_group,
        changes.conversations,
        changes.conversations - changes.change_to_period_before as conversations_before,
        changes.change_to_period_before as change,
        cast(totals.total_change as bigint) as total_change,
        cast(changes.change_to_period_before as double precision) / nullif(totals.total_change, 0) as share_of_change
    from changes
    inner join totals
        on totals.period = changes.period
        and totals.period_start = changes.period_start
    where changes.change_to_period_before <> 0

)

select * from final
