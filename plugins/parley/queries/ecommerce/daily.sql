select
    activity_date as day,
    dau,
    new_users,
    total_sessions,
    bounced_sessions,
    avg_session_length * total_sessions as session_seconds_sum,
    orders,
    revenue
from {marts}.event_metrics_daily
order by activity_date
