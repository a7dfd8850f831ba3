{{ config(sort=['user_id', 'timestamp']) }}

{% set after = 'rows between 1 following and unbounded following' %}
{% set same_slot = 'partition by session_id, active_form_nr, active_form, slot_name order by event_nr' %}

with

slot_events as (

    select
        *,
        -- Rasa asks for a slot by writing its name into the slot requested_slot.
        case when value = 'requested_slot' and slot_value_type is not null then 1 else 0 end as is_request
    from {{ ref('int_chat__events') }}
    where
        event = 'slot'
        and {{ touched_users() }}

),

slots as (

    select
        *,
        case when is_request = 1 then slot_value else value end as slot_name,
        case
            when is_request = 1 then 'requested'
            when slot_value_type is not null then 'filled'
            else 'emptied'
        end as slot_status
    from slot_events

),

attempts as (

    select
        *,
        case
            when active_form is not null
                then min(case when slot_status <> 'requested' then event_nr end) over ({{ same_slot }} {{ after }})
        end as next_attempt_nr,
        case
            when active_form is not null
                then min(case when slot_status = 'filled' then event_nr end) over ({{ same_slot }} {{ after }})
        end as next_fill_nr
    from slots

),

final as (

    select
        -- ids
        attempts._record_hash,
        attempts.interaction_id,
        attempts.session_id,
        attempts.sender_id,
        attempts.user_id,
        attempts.model_id,

        -- place
        attempts.timestamp,
        attempts.event_nr,
        attempts.active_form,
        attempts.active_form_nr,

        -- content
        attempts.slot_name,
        case when attempts.is_request = 0 then attempts.slot_value end as slot_value,
        case when attempts.is_request = 0 then attempts.slot_value_type end as slot_value_type,
        attempts.slot_status,
        attempts.environment,

        -- what became of it in the same form
        next_attempt._record_hash as next_fill_attempt_record_hash,
        next_attempt.timestamp as next_fill_attempt_timestamp,
        next_fill._record_hash as next_successful_fill_record_hash,
        next_fill.timestamp as next_successful_fill_timestamp
    from attempts
    left join slot_events as next_attempt
        on next_attempt.sender_id = attempts.sender_id
        and next_attempt.event_nr = attempts.next_attempt_nr
    left join slot_events as next_fill
        on next_fill.sender_id = attempts.sender_id
        and next_fill.event_nr = attempts.next_fill_nr

)

select * from final
