-- In how many sessions each form was opened.
select
    cast(sessions.session_initiation_timestamp as date) as day,
    slots.active_form as form,
    count(distinct slots.session_id) as opened_count
from {marts}.slots as slots
inner join {marts}.sessions as sessions
    on sessions.session_id = slots.session_id
where slots.active_form is not null
group by
    cast(sessions.session_initiation_timestamp as date),
    slots.active_form
order by
    day,
    form
