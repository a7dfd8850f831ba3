{#
  Incremental strategy `replace_days`: the rows of every day on which a touched user did something go, then they come
  again. The model has a column `session_date`.
#}
{% macro get_incremental_replace_days_sql(arguments) -%}
    {{ replace_rows(arguments, [spans_of_this_run('cast(session_date as timestamp)')]) }}
{%- endmacro %}
