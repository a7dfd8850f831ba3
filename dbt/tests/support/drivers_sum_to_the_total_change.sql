-- What the tags changed by is what the total changed by.
select
    period,
    period_start,
    sum(change) as changes,
    min(total_change) as total_change
from {{ ref('contact_reason_drivers') }}
group by period, period_start
having sum(change) <> min(total_change) or min(total_change) <> max(total_change)
