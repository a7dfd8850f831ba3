{#
  Incremental strategy `replace_users`: every row of a touched user goes, then the recomputed rows come. The built-in
  delete+insert deletes only the keys that come again, and would leave the rows of a user whose last sender has moved
  to another user. Deleting by the list of users, not by the new rows, makes a repeated run safe. The model's `sort` is
  the time that its rows are kept in order of.
#}
{% macro get_incremental_replace_users_sql(arguments) -%}
    {{ replace_rows(arguments, [users_of_this_run(config.require('sort'))]) }}
{%- endmacro %}
