-- One sender has one user.
select sender_id
from {{ ref('int_chat__sender_users') }}
group by sender_id
having count(case when is_current then 1 end) <> 1
