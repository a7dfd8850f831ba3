{#
  The statements of an incremental strategy: the rows that meet one of the conditions go, then the new rows come. So a
  repeated run is safe.
#}
{% macro replace_rows(arguments, conditions) -%}
    {%- set columns = get_quoted_csv(arguments['dest_columns'] | map(attribute='name')) -%}
    {%- for condition in conditions %}
    delete from {{ arguments['target_relation'] }}
    where {{ condition }};
    {% endfor %}
    insert into {{ arguments['target_relation'] }} ({{ columns }})
    select {{ columns }}
    from {{ arguments['temp_relation'] }}
{%- endmacro %}
