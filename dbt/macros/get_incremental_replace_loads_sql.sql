{#
  Incremental strategy `replace_loads`: the rows of the run's loads go, then they come. So a repeated run is safe. An
  event that comes now may be there as another load's: where RudderStack merges, what it delivers again moves to the
  load of that delivery.
#}
{% macro get_incremental_replace_loads_sql(arguments) -%}
    {%- set columns = get_quoted_csv(arguments['dest_columns'] | map(attribute='name')) -%}
    delete from {{ arguments['target_relation'] }}
    where load_id in ({{ pinned_loads('ecommerce') }});

    delete from {{ arguments['target_relation'] }}
    where event_id in (select event_id from {{ arguments['temp_relation'] }});

    insert into {{ arguments['target_relation'] }} ({{ columns }})
    select {{ columns }}
    from {{ arguments['temp_relation'] }}
{%- endmacro %}
