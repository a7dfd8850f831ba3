-- No event is lost between the two facts, and none is counted twice.
with

counted as (

    select
        conversation_id,
        count(*) as events_count
    from {{ ref('fct_conversation_events') }}
    group by conversation_id

)

select
    conversations.conversation_id,
    conversations.events_count,
    counted.events_count as counted
from {{ ref('fct_conversations') }} as conversations
left join counted on counted.conversation_id = conversations.conversation_id
where counted.conversation_id is null or counted.events_count <> conversations.events_count
