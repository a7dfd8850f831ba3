-- A metric of the seed that is not in the variable special_event_metrics would be counted nowhere.
select distinct metric
from {{ ref('special_events') }}
where metric not in ({% for metric in special_event_metrics() %}'{{ metric }}'{{ ', ' if not loop.last }}{% endfor %})
