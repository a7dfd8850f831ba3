{#
  The condition that limits an incremental run to the users that its loads touch; a full build takes all.
  Goes after `where`.
#}
{% macro touched_users() -%}
    {#- Outside of the condition, so that dbt sees the dependency when it parses. -#}
    {%- set touched = ref('int_chat__touched_users') -%}
    {%- if is_incremental() -%}
    user_id in (select user_id from {{ touched }})
    {%- else -%}
    true
    {%- endif -%}
{%- endmacro %}
