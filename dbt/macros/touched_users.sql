{#
  The condition that limits an incremental run to the users that its loads touch; a full build takes all.
  Goes after `where`.
#}
{% macro touched_users() -%}
    {#- Outside of the condition, so that dbt sees the dependency when it parses. -#}
    {%- set of_this_run = users_of_this_run() -%}
    {{ of_this_run if is_incremental() else 'true' }}
{%- endmacro %}

{% macro users_of_this_run() -%}
    {{ of_this_run('user_id', ref('int_chat__touched_users'), 'chat') }}
{%- endmacro %}
