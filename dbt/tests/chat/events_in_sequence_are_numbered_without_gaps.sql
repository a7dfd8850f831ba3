-- In each conversation the events are 1, 2, 3, ...: none is lost, and none is there twice.
select
    sender_id,
    count(*) as events_count,
    min(event_nr) as first_nr,
    max(event_nr) as last_nr
from {{ ref('int_chat__events') }}
group by sender_id
having count(*) <> max(event_nr) or min(event_nr) <> 1
