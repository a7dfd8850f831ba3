{#
  Incremental strategy `replace_devices`: every row of a touched device goes, then the recomputed rows come. A session
  whose first event arrives late has another id afterwards, so deleting by session would leave the old one.
#}
{% macro get_incremental_replace_devices_sql(arguments) -%}
    {%- set columns = get_quoted_csv(arguments['dest_columns'] | map(attribute='name')) -%}
    delete from {{ arguments['target_relation'] }}
    where {{ devices_of_this_run() }};

    insert into {{ arguments['target_relation'] }} ({{ columns }})
    select {{ columns }}
    from {{ arguments['temp_relation'] }}
{%- endmacro %}
