{{
    config(
        materialized='incremental',
        incremental_strategy='delete+insert',
        unique_key='conversation_id',
        on_schema_change='fail',
        dist='conversation_id',
        sort=['started_at', 'conversation_id'],
    )
}}

-- A conversation with a new event is made anew from all of its events, so that a late one finds its place.
-- depends_on: {{ ref('dim_user') }}
-- After it, so that the tests of the two run when both are built.

with

events as (

    select *
    from {{ ref('stg_conversation_events') }}
    where {{ touched_conversations() }}

),

changes as (

    select *
    from {{ ref('int_support__status_changes') }}
    where {{ touched_conversations() }}

),

numbered as (

    select
        *,
        row_number() over (partition by conversation_id order by event_timestamp, _pos) as event_nr,
        row_number() over (
            partition by conversation_id
            order by case when user_id is null then 1 else 0 end, event_timestamp, _pos
        ) as user_nr
    from events

),

placed as (

    select
        *,
        min(case when event = 'customer_message_received' then event_nr end) over (
            partition by conversation_id
        ) as first_customer_message_nr
    from numbered

),

totals as (

    select
        conversation_id,
        max(case when user_nr = 1 then user_id end) as user_id,
        min(event_timestamp) as started_at,
        max(event_timestamp) as last_event_at,
        min(case when event_nr = first_customer_message_nr then event_timestamp end) as first_customer_message_at,
        min(
            case
                when event = 'message_sent_to_customer' and event_nr > first_customer_message_nr
                    then event_timestamp
            end
        ) as first_response_at,
        count(distinct agent_id) as number_involved_agents,
        count(case when event = 'customer_message_received' then 1 end) as customer_messages_count,
        count(case when event = 'message_sent_to_customer' then 1 end) as agent_messages_count,
        count(*) as events_count
    from placed
    group by conversation_id

),

final as (

    select
        -- ids
        totals.conversation_id,
        totals.user_id,
        cast(totals.started_at as date) as started_date,

        -- state
        changes.status,

        -- timestamps
        totals.started_at,
        totals.first_customer_message_at,
        totals.first_response_at,
        changes.changed_at as status_changed_at,
        totals.last_event_at,

        -- totals
        totals.number_involved_agents,
        totals.customer_messages_count,
        totals.agent_messages_count,
        totals.events_count
    from totals
    left join changes
        on changes.conversation_id = totals.conversation_id
        and changes.reverse_change_nr = 1

)

select * from final
