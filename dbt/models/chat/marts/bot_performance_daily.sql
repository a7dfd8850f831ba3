-- Made anew for the days on which the users that a run touches did something: a session of theirs that began on another
-- day before began on one of these too.
{{ config(incremental_strategy='replace_days', dist='all', sort='session_date', indexes=[]) }}

{% set metrics = special_event_metrics() %}

with

sessions as (

    select *
    from {{ ref('sessions') }}
    where {{ touched_spans('session_initiation_timestamp') }}

),

days as (

    select
        cast(session_initiation_timestamp as date) as session_date,
        count(*) as sessions_count,
        count(distinct user_id) as users_count,
        count(case when new_returning_session = 'new' then 1 end) as new_sessions_count,
        count(case when is_bounced then 1 end) as bounced_sessions_count,
        cast(sum(interactions_count) as bigint) as interactions_count,
        {%- for metric in metrics %}
        count(case when {{ metric }}_count > 0 then 1 end) as {{ metric }}_sessions_count{{ ',' if not loop.last }}
        {%- endfor %}
    from sessions
    group by cast(session_initiation_timestamp as date)

),

final as (

    select
        *,
        cast(sessions_count - handoff_sessions_count as double precision) / sessions_count as containment_rate
    from days

)

select * from final
