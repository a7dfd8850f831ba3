{#
  Where an event comes from: web, app or server. Events of an app that are sent on by a server say `server` as their
  channel, but bring the device with them.
#}
{% macro event_platform(table) -%}
    case
        when lower({{ event_text(table, 'channel') }}) = 'web' then 'web'
        when lower({{ event_text(table, 'channel') }}) = 'mobile' then 'app'
        when {{ event_text(table, 'context_device_type') }} is not null then 'app'
        else 'server'
    end
{%- endmacro %}
