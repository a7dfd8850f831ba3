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

        -- place
        "timestamp",
        event_nr,
        active_form,
        active_form_nr,

        -- content
        text,
        value as intent,
        confidence as intent_confidence,
        input_channel,
        message_id,
        environment
    from events
    where event = 'user'

)

select * from final
