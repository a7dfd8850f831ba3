select
    cast(sessions.session_initiation_timestamp as date) as day,
    interactions.intent,
    count(*) as interactions_count
from {marts}.interactions as interactions
inner join {marts}.sessions as sessions
    on sessions.session_id = interactions.session_id
where interactions.intent is not null
group by
    cast(sessions.session_initiation_timestamp as date),
    interactions.intent
order by
    day,
    intent
