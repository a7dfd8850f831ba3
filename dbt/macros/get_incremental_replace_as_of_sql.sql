{#
  Incremental strategy `replace_as_of`: every row of the moment that features are computed for goes, then its new rows
  come. So a date that is run twice has its rows once, those of users who are gone on the second run too, and all
  other dates stay as they are.
#}
{% macro get_incremental_replace_as_of_sql(arguments) -%}
    {{ replace_rows(arguments, ['"timestamp" = ' ~ as_of()]) }}
{%- endmacro %}
