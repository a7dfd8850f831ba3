{#
  The run that a model works for, as an expression: Airflow's (PARLEY_RUN_ID), or without it the one that pinned loads
  last, so that a single model can be run by hand. `domain` is chat, ecommerce or support.
#}
{% macro pinned_run(domain) -%}
    {%- set pins = ref(domain ~ '_load_ids') -%}
    {%- if execute and env_var('PARLEY_RUN_ID', '') -%}
    cast({{ sql_string(parley_run_id()) }} as varchar(255))
    {%- else -%}
    (select run_id from {{ pins }} order by pinned_at desc, run_id desc limit 1)
    {%- endif -%}
{%- endmacro %}
