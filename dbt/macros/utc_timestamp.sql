{# A time with zone as the UTC time without one, whatever the session's zone is. #}
{% macro utc_timestamp(column) -%}
    ({{ column }} at time zone 'UTC')
{%- endmacro %}
