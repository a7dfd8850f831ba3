-- A table: a day's row depends on sessions that may move to another day, and a row per session is little to read.
{{ config(materialized='table', dist='all', sort='session_date', indexes=[]) }}

{% set metrics = special_event_metrics() %}

with

sessions as (

    select * from {{ ref('sessions') }}

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
