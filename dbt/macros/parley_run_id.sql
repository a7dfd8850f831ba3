{#
  The run that loads are pinned for: Airflow's (PARLEY_RUN_ID), or this invocation of dbt.
  Environment variables are read at execution only, so that a new run does not make dbt parse the project again.
#}
{% macro parley_run_id() -%}
    {{ return((env_var('PARLEY_RUN_ID', '') or invocation_id) if execute else '') }}
{%- endmacro %}
