with

events as (

    select *
    from {{ ref('stg_conversation_events') }}
    where
        "tag" is not null
        and {{ touched_conversations() }}

),

final as (

    select
        conversation_id,
        "tag",
        min(event_timestamp) as first_assigned_at,
        count(*) as assignments_count
    from events
    group by conversation_id, "tag"

)

select * from final
