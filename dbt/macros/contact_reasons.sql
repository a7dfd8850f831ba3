{#
  Why customers wrote, by day, week or month: the whole of contact_reasons_daily, _weekly and _monthly. There is a row
  for each period from the first to the last and each tag, also where the tag was not used, so that a tag that is gone
  shows as a change.

  datepart: day, week or month.
#}
{% macro contact_reasons(datepart) -%}
    with

    contacts as (

        select
            *,
            cast({{ dbt.date_trunc(datepart, 'started_date') }} as date) as period_start,
            -- No tag is a reason too; null equals nothing.
            coalesce("tag", '') as tag_key
        from {{ ref('int_support__contacts') }}

    ),

    span as (

        select
            min(period_start) as first_start,
            max(period_start) as last_start
        from contacts

    ),

    periods as (

        select cast({{ dbt.date_trunc(datepart, 'date_day') }} as date) as period_start
        from {{ ref('dim_date') }}

        union

        -- Also before and after the days of the calendar nothing is lost.
        select period_start
        from contacts

    ),

    tags as (

        select distinct
            tag_key,
            "tag",
            reason_group
        from contacts

    ),

    grid as (

        select
            periods.period_start,
            tags.tag_key,
            tags.tag,
            tags.reason_group
        from periods
        inner join span on periods.period_start between span.first_start and span.last_start
        cross join tags

    ),

    totals as (

        select
            period_start,
            tag_key,
            count(*) as conversations,
            count(distinct user_id) as users,
            cast(sum(seconds_to_resolve) as double precision) / nullif(count(seconds_to_resolve), 0) / 3600
                as average_hours_to_resolve
        from contacts
        group by period_start, tag_key

    ),

    filled as (

        select
            grid.period_start,
            grid.tag_key,
            grid.tag,
            grid.reason_group,
            coalesce(totals.conversations, 0) as conversations,
            coalesce(totals.users, 0) as users,
            totals.average_hours_to_resolve
        from grid
        left join totals
            on totals.period_start = grid.period_start
            and totals.tag_key = grid.tag_key

    ),

    -- Beyond the days of the calendar the row before may not be of the period before, which had none then.
    followed as (

        select
            *,
            lag(period_start) over (partition by tag_key order by period_start) as period_start_before,
            lag(conversations) over (partition by tag_key order by period_start) as conversations_before
        from filled

    ),

    final as (

        select
            period_start,
            "tag",
            reason_group,
            conversations,
            cast(conversations as double precision)
                / nullif(sum(conversations) over (partition by period_start), 0) as share,
            case
                when period_start_before = cast({{ dbt.dateadd(datepart, -1, 'period_start') }} as date)
                    then conversations - conversations_before
                when period_start_before is not null then conversations
            end as change_to_period_before,
            average_hours_to_resolve,
            users
        from followed

    )

    select * from final
{%- endmacro %}
