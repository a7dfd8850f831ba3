{#
  Incremental strategy `replace_orders`: the rows of the orders that come again go, and those of orders that are no more
  or have no amount any more; then the new rows come.
#}
{% macro get_incremental_replace_orders_sql(arguments) -%}
    {%- set columns = get_quoted_csv(arguments['dest_columns'] | map(attribute='name')) -%}
    {%- set table = adapter.quote(arguments['target_relation'].identifier) -%}
    delete from {{ arguments['target_relation'] }}
    where order_id in (select order_id from {{ arguments['temp_relation'] }});

    delete from {{ arguments['target_relation'] }}
    where not exists (
        select 1
        from {{ ref('int_ecommerce__orders') }} as orders
        where
            orders.order_id = {{ table }}.order_id
            and orders.revenue is not null
    );

    insert into {{ arguments['target_relation'] }} ({{ columns }})
    select {{ columns }}
    from {{ arguments['temp_relation'] }}
{%- endmacro %}
