-- When a conversation became open, waiting or closed. A status that only repeats the one before is no change. A
-- customer's message after `Closed` opens the conversation again, whether the desk says so with an `Open` or not.

{% set in_order = 'partition by conversation_id order by event_timestamp, _pos' %}

with

events as (

    select *
    from {{ ref('stg_conversation_events') }}
    where
        (status is not null or event = 'customer_message_received')
        and {{ touched_conversations() }}

),

counted as (

    select
        *,
        sum(case when status is not null then 1 else 0 end) over (
            {{ in_order }} rows between unbounded preceding and current row
        ) as statuses_so_far
    from events

),

-- Of the events that have the same count, the first has the status and the others are messages under it.
known as (

    select
        *,
        max(status) over (partition by conversation_id, statuses_so_far) as last_status
    from counted

),

states as (

    select
        conversation_id,
        event_timestamp,
        _pos,
        coalesce(status, 'OPEN') as status,
        status is null as is_implied
    from known
    where
        status is not null
        or last_status = 'CLOSED'

),

compared as (

    select
        *,
        lag(status) over ({{ in_order }}) as status_before
    from states

),

changes as (

    select *
    from compared
    where
        status_before is null
        or status_before <> status

),

final as (

    select
        conversation_id,
        row_number() over ({{ in_order }}) as change_nr,
        row_number() over (
            partition by conversation_id
            order by event_timestamp desc, _pos desc
        ) as reverse_change_nr,
        event_timestamp as changed_at,
        status,
        status_before,
        is_implied,
        coalesce(status_before = 'CLOSED', false) as is_reopening
    from changes

)

select * from final
