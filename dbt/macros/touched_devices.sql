{#
  The condition that limits an incremental run to the devices that its loads touch; a full build takes all.
  Goes after `where`.
#}
{% macro touched_devices() -%}
    {#- Outside of the condition, so that dbt sees the dependency when it parses. -#}
    {%- set touched = ref('int_ecommerce__touched_devices') -%}
    {%- if is_incremental() -%}
    device_id in (select device_id from {{ touched }})
    {%- else -%}
    true
    {%- endif -%}
{%- endmacro %}
