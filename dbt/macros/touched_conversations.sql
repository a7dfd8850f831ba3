{#
  The condition that limits an incremental run to the support conversations that its loads touch; a full build takes
  all. Goes after `where`.
#}
{% macro touched_conversations() -%}
    {#- Outside of the condition, so that dbt sees the dependencies when it parses. -#}
    {%- set touched = of_this_run('conversation_id', ref('int_support__touched_conversations'), 'support') -%}
    {{ touched if is_incremental() else 'true' }}
{%- endmacro %}
