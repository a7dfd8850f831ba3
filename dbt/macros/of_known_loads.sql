{#
  The condition that a raw row of events belongs to a load that was pinned, and is not from before start_date (when the
  shop was being set up). `table` is what event_table gave. Goes after `where`.
#}
{% macro of_known_loads(table) -%}
    {%- set loads = known_loads('ecommerce') -%}
    {%- if table.missing -%}
    1 = 0
    {%- else -%}
    _load_id in ({{ loads }})
        and {{ event_time(table, 'timestamp', needed=true) }}
            >= cast('{{ date_of_var('start_date').strftime('%Y-%m-%d') }}' as timestamp)
    {%- endif -%}
{%- endmacro %}
