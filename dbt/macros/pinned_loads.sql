{#
  A query of the load ids that this run works on. Without PARLEY_RUN_ID they are those pinned last, so that a single
  model can be run by hand.
#}
{% macro pinned_loads() -%}
    select load_id
    from {{ ref('chat_load_ids') }}
    where run_id = {% if execute and env_var('PARLEY_RUN_ID', '') -%}
        {{ sql_string(parley_run_id()) }}
    {%- else -%}
        (select run_id from {{ ref('chat_load_ids') }} order by pinned_at desc, run_id desc limit 1)
    {%- endif %}
{%- endmacro %}
