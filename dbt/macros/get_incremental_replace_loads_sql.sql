{#
  Incremental strategy `replace_loads`: the rows of the run's loads go, then they come. So a repeated run is safe, and
  no key has to be compared.
#}
{% macro get_incremental_replace_loads_sql(arguments) -%}
    {%- set columns = get_quoted_csv(arguments['dest_columns'] | map(attribute='name')) -%}
    delete from {{ arguments['target_relation'] }}
    where load_id in ({{ pinned_loads('ecommerce') }});

    insert into {{ arguments['target_relation'] }} ({{ columns }})
    select {{ columns }}
    from {{ arguments['temp_relation'] }}
{%- endmacro %}
