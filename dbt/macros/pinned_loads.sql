{#
  A query of the load ids that this run works on, `domain` being chat, ecommerce or support. Without PARLEY_RUN_ID they
  are those pinned last, so that a single model can be run by hand.
#}
{% macro pinned_loads(domain) -%}
    {%- set pins = ref(domain ~ '_load_ids') -%}
    select load_id
    from {{ pins }}
    where run_id = {% if execute and env_var('PARLEY_RUN_ID', '') -%}
        {{ sql_string(parley_run_id()) }}
    {%- else -%}
        (select run_id from {{ pins }} order by pinned_at desc, run_id desc limit 1)
    {%- endif %}
{%- endmacro %}
