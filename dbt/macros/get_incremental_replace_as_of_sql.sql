{#
  Incremental strategy `replace_as_of`: every row of the moment that features are computed for goes, then its new rows
  come. So a date that is run twice has its rows once, those of users who are gone on the second run too, and all
  other dates stay as they are.
#}
{% macro get_incremental_replace_as_of_sql(arguments) -%}
    {%- set columns = get_quoted_csv(arguments['dest_columns'] | map(attribute='name')) -%}
    delete from {{ arguments['target_relation'] }}
    where "timestamp" = {{ as_of() }};

    insert into {{ arguments['target_relation'] }} ({{ columns }})
    select {{ columns }}
    from {{ arguments['temp_relation'] }}
{%- endmacro %}
