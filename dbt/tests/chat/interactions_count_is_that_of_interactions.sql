-- A session counts the interactions that a user message began, and no other.
with

counted as (

    select
        session_id,
        count(case when interaction_nr > 0 then 1 end) as interactions_count
    from {{ ref('interactions') }}
    group by session_id

)

select
    sessions.session_id,
    sessions.interactions_count,
    counted.interactions_count as counted
from {{ ref('sessions') }} as sessions
left join counted on counted.session_id = sessions.session_id
where counted.session_id is null or counted.interactions_count <> sessions.interactions_count
