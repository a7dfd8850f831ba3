{{ config(sort='first_seen_at') }}

with

sessions as (

    select *
    from {{ ref('sessions') }}
    where {{ touched_users('session_initiation_timestamp') }}

),

totals as (

    select
        sender_id,
        user_id,
        min(session_initiation_timestamp) as first_seen_at,
        max(session_end_timestamp) as last_seen_at,
        count(*) as sessions_count,
        cast(sum(interactions_count) as bigint) as interactions_count,
        min(session_nr) as first_session_nr,
        max(session_nr) as last_session_nr
    from sessions
    group by sender_id, user_id

),

final as (

    select
        -- ids
        sender_id,
        user_id,
        user_id || '/' || cast(first_session_nr as varchar(20)) as first_session_id,
        user_id || '/' || cast(last_session_nr as varchar(20)) as last_session_id,

        -- timestamps
        first_seen_at,
        last_seen_at,

        -- totals
        sessions_count,
        interactions_count
    from totals

)

select * from final
order by first_seen_at
