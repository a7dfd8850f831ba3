{#
  Incremental strategy `replace_devices`: every row of a touched device goes, then the recomputed rows come. A session
  whose first event arrives late has another id afterwards, so deleting by session would leave the old one.
#}
{% macro get_incremental_replace_devices_sql(arguments) -%}
    {{ replace_rows(arguments, [devices_of_this_run()]) }}
{%- endmacro %}
