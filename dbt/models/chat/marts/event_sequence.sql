-- A view: the events are stored once, in int_chat__events.
{{ config(materialized='view') }}

with

events as (

    select * from {{ ref('int_chat__events') }}

),

final as (

    select
        -- ids
        _record_hash,
        interaction_id,
        session_id,
        sender_id,
        user_id,
        model_id,

        -- what happened
        event,
        value,
        environment,

        -- when, and where in the conversation
        "timestamp",
        event_nr,
        session_nr,
        sender_session_nr,
        interaction_nr,
        reverse_interaction_nr,
        active_form,
        active_form_nr
    from events

)

select * from final
