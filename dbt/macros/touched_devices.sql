{#
  The condition that limits an incremental run to the devices that its loads touch; a full build takes all.
  Goes after `where`.
#}
{% macro touched_devices() -%}
    {#- Outside of the condition, so that dbt sees the dependency when it parses. -#}
    {%- set of_this_run = devices_of_this_run() -%}
    {{ of_this_run if is_incremental() else 'true' }}
{%- endmacro %}

{% macro devices_of_this_run() -%}
    {{ of_this_run('device_id', ref('int_ecommerce__touched_devices'), 'ecommerce') }}
{%- endmacro %}
