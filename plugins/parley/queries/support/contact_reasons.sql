select
    period_start as day,
    "tag",
    reason_group,
    conversations,
    average_hours_to_resolve
from {marts}.contact_reasons_daily
where conversations > 0
order by
    period_start,
    "tag"
