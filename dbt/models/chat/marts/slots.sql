{{ config(sort='"timestamp"') }}

{% set after = 'rows between 1 following and unbounded following' %}
{% set same_slot = 'partition by session_id, active_form_nr, slot_name order by event_nr' %}

with

slot_events as (

    select
        *,
        -- Rasa asks for a slot by writing its name into the slot requested_slot.
        case when value = 'requested_slot' and slot_value_type = 'string' then 1 else 0 end as is_request
    from {{ ref('int_chat__events') }}
    where
        event = 'slot'
        -- One without a name is of no slot.
        and value is not null
        and {{ touched_users('"timestamp"') }}

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

-- Only where a form is open is there anything to look for.
attempts as (

    select
        sender_id,
        event_nr,
        min(case when slot_status <> 'requested' then event_nr end) over ({{ same_slot }} {{ after }}) as next_attempt_nr,
        min(case when slot_status = 'filled' then event_nr end) over ({{ same_slot }} {{ after }}) as next_fill_nr
    from slots
    where active_form is not null

),

final as (

    select
        -- ids
        slots._record_hash,
        slots.interaction_id,
        slots.session_id,
        slots.sender_id,
        slots.user_id,
        slots.model_id,

        -- place
        slots.timestamp,
        slots.event_nr,
        slots.active_form,
        slots.active_form_nr,

        -- content
        slots.slot_name,
        case when slots.is_request = 0 then slots.slot_value end as slot_value,
        case when slots.is_request = 0 then slots.slot_value_type end as slot_value_type,
        slots.slot_status,
        slots.environment,

        -- what became of it in the same form
        next_attempt._record_hash as next_fill_attempt_record_hash,
        next_attempt.timestamp as next_fill_attempt_timestamp,
        next_fill._record_hash as next_successful_fill_record_hash,
        next_fill.timestamp as next_successful_fill_timestamp
    from slots
    left join attempts
        on attempts.sender_id = slots.sender_id
        and attempts.event_nr = slots.event_nr
    left join slot_events as next_attempt
        on next_attempt.sender_id = attempts.sender_id
        and next_attempt.event_nr = attempts.next_attempt_nr
    left join slot_events as next_fill
        on next_fill.sender_id = attempts.sender_id
        and next_fill.event_nr = attempts.next_fill_nr

)

select * from final
order by "timestamp"
