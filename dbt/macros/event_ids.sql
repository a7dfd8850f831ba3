{# What the staging model of every kind of event begins with: ids and times. `table` is what event_table gave. #}
{% macro event_ids(table) -%}
    -- ids
        {{ event_text(table, 'id', needed=true) }} as event_id,
        {{ event_text(table, '_load_id') }} as load_id,
        {{ event_text(table, 'anonymous_id') }} as anonymous_id,
        {{ event_text(table, 'user_id') }} as user_id,

        -- timestamps
        {{ event_time(table, 'timestamp', needed=true) }} as occurred_at
{%- endmacro %}
