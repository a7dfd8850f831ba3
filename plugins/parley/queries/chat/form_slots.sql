-- In how many sessions a form asked for a slot, and in how many of these it was given.
with

asked as (

    select
        session_id,
        active_form,
        slot_name,
        min(event_nr) as first_event_nr,
        max(case when next_successful_fill_record_hash is not null then 1 else 0 end) as is_given
    from {marts}.slots
    where
        slot_status = 'requested'
        and active_form is not null
    group by
        session_id,
        active_form,
        slot_name

),

numbered as (

    select
        *,
        row_number() over (partition by session_id, active_form order by first_event_nr, slot_name) as place
    from asked

)

select
    cast(sessions.session_initiation_timestamp as date) as day,
    numbered.active_form as form,
    numbered.slot_name as slot,
    count(*) as asked_count,
    sum(numbered.is_given) as given_count,
    sum(numbered.place) as place_sum
from numbered
inner join {marts}.sessions as sessions
    on sessions.session_id = numbered.session_id
group by
    cast(sessions.session_initiation_timestamp as date),
    numbered.active_form,
    numbered.slot_name
order by
    day,
    form,
    slot
