{{ config(sort='first_seen_at') }}

with

sessions as (

    select *
    from {{ ref('sessions') }}
    where {{ touched_users('session_initiation_timestamp') }}

),

totals as (

    select
        user_id,
        min(session_initiation_timestamp) as first_seen_at,
        max(session_end_timestamp) as last_seen_at,
        count(*) as sessions_count,
        count(distinct sender_id) as senders_count,
        cast(sum(interactions_count) as bigint) as interactions_count,
        -- Session numbers of a user have no gaps.
        max(session_nr) as last_session_nr
    from sessions
    group by user_id

),

final as (

    select
        -- ids
        totals.user_id,
        firsts.session_id as first_session_id,
        lasts.session_id as last_session_id,
        firsts.sender_id as first_sender_id,
        lasts.sender_id as last_sender_id,

        -- timestamps
        totals.first_seen_at,
        totals.last_seen_at,

        -- totals
        totals.sessions_count,
        totals.senders_count,
        totals.interactions_count
    from totals
    inner join sessions as firsts
        on firsts.user_id = totals.user_id
        and firsts.session_nr = 1
    inner join sessions as lasts
        on lasts.user_id = totals.user_id
        and lasts.session_nr = totals.last_session_nr

)

select * from final
order by first_seen_at
