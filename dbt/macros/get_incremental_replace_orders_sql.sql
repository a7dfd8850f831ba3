{#
  Incremental strategy `replace_orders`: the rows of the orders that come again go, and those of orders that are no more
  or have no amount any more; then the new rows come.
#}
{% macro get_incremental_replace_orders_sql(arguments) -%}
    {{ replace_rows(arguments, [
        'order_id in (select order_id from ' ~ arguments['temp_relation'] ~ ')',
        'order_id in (select order_id from ' ~ arguments['target_relation'] ~ ' except select order_id from '
        ~ ref('int_ecommerce__orders') ~ ' where revenue is not null)',
    ]) }}
{%- endmacro %}
