{#
  A query of the events of a staging model that a profile may know: those before the moment that features are computed
  for, of somebody. Every feature reads its events through this. It adds

  * main_id: whose they are, by the variable `main_id`
  * days_ago: how many days before the last day that is looked at they happened; 0 is the same day (UTC)
#}
{% macro profile_events(relation) -%}
    {%- set main_id = profile_main_id() -%}
    {%- if main_id == 'dbt_visitor_id' -%}
        {%- set main_id = 'coalesce(users.dbt_visitor_id, devices.dbt_visitor_id)' -%}
        {%- set visitors = ref('int_ecommerce_profile__visitors') -%}
    {%- else -%}
        {%- set main_id = 'events.' ~ main_id -%}
    {%- endif -%}
    select
        events.*,
        {{ main_id }} as main_id,
        {{ dbt.datediff('events.occurred_at', last_moment(), 'day') }} as days_ago
    from {{ relation }} as events
    {%- if visitors %}
    left join {{ visitors }} as users
        on users.node = {{ identity_node('u', 'events.user_id') }}
    left join {{ visitors }} as devices
        on devices.node = {{ identity_node('a', 'events.anonymous_id') }}
    {%- endif %}
    where
        {{ main_id }} is not null
        and events.occurred_at < {{ as_of() }}
{%- endmacro %}

{# As `as_of` is exclusive, midnight is the end of the day before it. #}
{% macro last_moment() -%}
    cast({{ dbt.dateadd('second', -1, as_of()) }} as timestamp)
{%- endmacro %}
