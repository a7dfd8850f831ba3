-- From which intent sessions went on to which, in their first steps; a target of null is the end of the session.
with

steps as (

    select
        session_id,
        intent,
        row_number() over (partition by session_id order by interaction_nr) as step
    from {marts}.interactions
    where intent is not null

)

select
    cast(sessions.session_initiation_timestamp as date) as day,
    steps.step,
    steps.intent as source,
    next_steps.intent as target,
    count(*) as sessions_count
from steps
inner join {marts}.sessions as sessions
    on sessions.session_id = steps.session_id
left join steps as next_steps
    on next_steps.session_id = steps.session_id
    and next_steps.step = steps.step + 1
where steps.step <= 4
group by
    cast(sessions.session_initiation_timestamp as date),
    steps.step,
    steps.intent,
    next_steps.intent
order by
    day,
    step,
    source,
    target
