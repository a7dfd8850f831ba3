{#
  The condition that limits an incremental run to the users that its loads touch; a full build takes all. `time` is the
  column that the table is in the order of. Goes after `where`.
#}
{% macro touched_users(time) -%}
    {#- Outside of the condition, so that dbt sees the dependencies when it parses. -#}
    {%- set of_this_run = users_of_this_run(time) if is_incremental() or not execute -%}
    {{ of_this_run if is_incremental() else 'true' }}
{%- endmacro %}

{% macro users_of_this_run(time) -%}
    {{ of_this_run('user_id', ref('int_chat__touched_users'), 'chat') }}
    and {{ spans_of_this_run(time) }}
{%- endmacro %}
