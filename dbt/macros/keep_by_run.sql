{#
  The config of a table of what each run touches: keyed by run, so that a model of a failed run can be repeated after
  another run has gone by. Old runs are forgotten. `domain` is chat, ecommerce or support.
#}
{% macro keep_by_run(domain) -%}
    {{
        config(
            incremental_strategy='delete+insert',
            unique_key='run_id',
            full_refresh=false,
            dist='all',
            sort='run_id',
            post_hook="{{ forget_old_runs('" ~ domain ~ "') }}",
        )
    }}
{%- endmacro %}
