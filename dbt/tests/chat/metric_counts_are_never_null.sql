-- Whatever metrics there are, each is counted, 0 where nothing belongs to it.
{% set counts = {'interactions': '_count', 'sessions': '_count', 'bot_performance_daily': '_sessions_count'} -%}

{% for model, ending in counts.items() -%}
select
    '{{ model }}' as model,
    count(*) as rows_without_a_count
from {{ ref(model) }}
where
    {%- for metric in special_event_metrics() %}
    "{{ metric }}{{ ending }}" is null{{ ' or' if not loop.last }}
    {%- endfor %}
having count(*) > 0
{% if not loop.last %}
union all

{% endif -%}
{%- endfor %}
