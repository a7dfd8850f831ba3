-- The sessions of a user are 1, 2, 3, ... in the order of their start.
select
    user_id,
    count(*) as sessions_count,
    min(session_nr) as first_nr,
    max(session_nr) as last_nr
from {{ ref('sessions') }}
group by user_id
having count(*) <> max(session_nr) or min(session_nr) <> 1
