{% set cutoff = var('session_cutoff_in_sec') %}

with

all_events as (

    {{ profile_events(ref('int_ecommerce__events')) }}

),

-- To be identified is not to be active, and what a server sends is none of the user's.
events as (

    select
        main_id,
        event_id,
        occurred_at,
        days_ago
    from all_events
    where
        kind <> 'identify'
        and platform <> 'server'

),

days as (

    select
        main_id,
        days_ago
    from events
    group by
        main_id,
        days_ago

),

day_totals as (

    select
        main_id,
        {%- for n in profile_lookback_days() %}
        sum(case when days_ago <= {{ n }} then 1 else 0 end) as active_days_in_past_{{ n }}_days,
        {%- endfor %}
        min(days_ago) as days_since_last_seen
    from days
    group by main_id

),

neighbours as (

    select
        main_id,
        event_id,
        occurred_at,
        days_ago,
        lag(occurred_at) over (partition by main_id order by occurred_at, {{ byte_order('event_id') }}) as previous_at,
        lead(occurred_at) over (partition by main_id order by occurred_at, {{ byte_order('event_id') }}) as next_at
    from events

),

edges as (

    select
        *,
        previous_at is null or occurred_at > {{ dbt.dateadd('second', cutoff, 'previous_at') }} as is_first,
        next_at is null or next_at > {{ dbt.dateadd('second', cutoff, 'occurred_at') }} as is_last
    from neighbours

),

-- Only the ends of sessions are ordered once more, not every event.
bounds as (

    select
        main_id,
        is_first,
        days_ago,
        occurred_at as started_at,
        case
            when is_last then occurred_at
            else lead(occurred_at) over (partition by main_id order by occurred_at, {{ byte_order('event_id') }})
        end as ended_at
    from edges
    where
        is_first
        or is_last

),

sessions as (

    select
        main_id,
        days_ago,
        cast({{ dbt.datediff('started_at', 'ended_at', 'millisecond') }} as double precision) / 1000 as length_seconds
    from bounds
    where is_first

),

session_totals as (

    select
        main_id,
        count(*) as n_sessions_overall,
        sum(length_seconds) as total_length,
        sum(case when days_ago <= 7 then 1 else 0 end) as n_sessions_last_week,
        sum(case when days_ago <= 7 then length_seconds end) as total_length_last_week
    from sessions
    group by main_id

),

final as (

    select
        day_totals.main_id,
        cast(day_totals.days_since_last_seen as integer) as days_since_last_seen,
        {%- for n in profile_lookback_days() %}
        cast(day_totals.active_days_in_past_{{ n }}_days as integer) as active_days_in_past_{{ n }}_days,
        {%- endfor %}
        cast(session_totals.n_sessions_last_week as integer) as n_sessions_last_week,
        cast(session_totals.n_sessions_overall as integer) as n_sessions_overall,
        session_totals.total_length_last_week
        / nullif(session_totals.n_sessions_last_week, 0) as avg_session_length_last_week,
        session_totals.total_length
        / session_totals.n_sessions_overall as avg_session_length_overall
    from day_totals
    inner join session_totals
        on session_totals.main_id = day_totals.main_id

)

select * from final
