{# What belongs to each metric (metric, event, name), as a query: the seed's rows, or the variable's if it names it. #}
{% macro special_events() -%}
    {%- set kinds = {'intents': 'intent', 'actions': 'action'} -%}
    {%- set overridden = ['-'] + (var('special_events') | list) -%}
    {%- for metric, members in var('special_events').items() -%}
        {%- for kind in members if kind not in kinds -%}
            {{ exceptions.raise_compiler_error(
                "The variable special_events." ~ metric ~ " has '" ~ kind ~ "'. Known are intents and actions."
            ) }}
        {%- endfor -%}
    {%- endfor -%}
    select metric, event, name
    from {{ ref('special_events') }}
    where metric not in (
        {%- for metric in overridden %}{{ sql_string(metric) }}{{ ', ' if not loop.last }}{% endfor -%}
    )
    {%- for metric, members in var('special_events').items() %}
    {%- for kind, names in members.items() %}
    {%- for name in names %}
    union
    select {{ sql_string(metric) }}, {{ sql_string(kinds[kind]) }}, {{ sql_string(name) }}
    {%- endfor %}
    {%- endfor %}
    {%- endfor %}
{%- endmacro %}
