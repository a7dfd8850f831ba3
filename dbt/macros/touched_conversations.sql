{#
  The condition that limits an incremental run to the support conversations that its loads touch; a full build takes
  all. Goes after `where`.
#}
{% macro touched_conversations() -%}
    {#- Outside of the condition, so that dbt sees the dependencies when it parses. -#}
    {%- set touched = ref('int_support__touched_conversations') -%}
    {%- set run_id = pinned_run('support') -%}
    {%- if is_incremental() -%}
    conversation_id in (select conversation_id from {{ touched }} where run_id = {{ run_id }})
    {%- else -%}
    true
    {%- endif -%}
{%- endmacro %}
