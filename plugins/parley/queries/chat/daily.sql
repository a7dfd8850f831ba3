select
    session_date as day,
    performance.*
from {marts}.bot_performance_daily as performance
order by session_date
