{#
  The condition that limits an incremental run to the support conversations that its loads touch; a full build takes
  all. Goes after `where`.
#}
{% macro touched_conversations() -%}
    {#- Outside of the condition, so that dbt sees the dependency when it parses. -#}
    {%- set touched = ref('int_support__touched_conversations') -%}
    {%- if is_incremental() -%}
    conversation_id in (select conversation_id from {{ touched }})
    {%- else -%}
    true
    {%- endif -%}
{%- endmacro %}
