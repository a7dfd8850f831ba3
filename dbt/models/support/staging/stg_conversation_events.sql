with

landed as (

    select *
    from {{ source('support_raw', 'conversation_events') }}
    where _load_id in ({{ known_loads('support') }})

),

final as (

    select
        -- ids
        _record_hash,
        conversation_id,
        user_id,
        -- Messages name their agent. An assignment has it as its value, and may name who has assigned it; so may any other
        -- event name who was at the screen.
        case event
            when 'message_sent_to_customer' then agent_id
            when 'agent_assigned' then event_value
        end as agent_id,

        -- place
        {{ utc_timestamp('"timestamp"') }} as event_timestamp,
        _pos,
        _load_id,

        -- content
        event,
        event_value,
        case when event = 'status_changed_to' then upper(event_value) end as status,
        case when event = 'tag_assigned' then lower(event_value) end as tag
    from landed

)

select * from final
