-- Conversations by the day they were opened on, and what became of them.
select
    cast(opened_at as date) as day,
    count(*) as opened_count,
    count(case when closed_at is null then 1 end) as still_open_count,
    count(case when number_reopenings > 0 then 1 end) as reopened_count,
    count(hours_to_resolve) as resolved_count,
    sum(hours_to_resolve) as resolve_hours_sum,
    count(first_response_minutes) as answered_count,
    sum(first_response_minutes) as response_minutes_sum
from {marts}.fct_conversation_lifecycle
where opened_at is not null
group by cast(opened_at as date)
order by day
