{#
  A query of the events of a staging model that a profile may know: those before the moment that features are computed
  for, of somebody. Every feature reads its events through this. It adds

  * main_id: whose they are, by the variable `main_id`
  * days_ago: how many days before the last day that is looked at they happened; 0 is the same day (UTC)
#}
{% macro profile_events(relation) -%}
    select
        events.*,
        events.{{ profile_main_id() }} as main_id,
        {{ dbt.datediff('events.occurred_at', last_moment(), 'day') }} as days_ago
    from {{ relation }} as events
    where
        events.{{ profile_main_id() }} is not null
        and events.occurred_at < {{ as_of() }}
{%- endmacro %}

{# As `as_of` is exclusive, midnight is the end of the day before it. #}
{% macro last_moment() -%}
    cast({{ dbt.dateadd('second', -1, as_of()) }} as timestamp)
{%- endmacro %}
