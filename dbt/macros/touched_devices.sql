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
    device_id in (
        select device_id
        from {{ ref('int_ecommerce__touched_devices') }}
        where run_id = {{ pinned_run('ecommerce') }}
    )
{%- endmacro %}
