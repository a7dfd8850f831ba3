{#
  The whole of a domain's `<domain>_load_ids`, the pin: which loads each run works on. It is taken once per run, so that
  a retry of any model sees the same loads, and what lands meanwhile waits for the next run. A full refresh takes every
  load again but never drops the table. A run that is given loads also takes those that a run before has pinned and not
  finished: what that run has built already is newer than the rest, and tests of several models would find that. When
  Airflow's backfill repeats a run of the past for loads that it has not pinned, they are added to its pin.
#}
{% macro pin_loads(ledger) %}
    {{ config(materialized='incremental', incremental_strategy='append', full_refresh=false, dist='all') }}
    {% set run_id = parley_run_id() %}
    {% set given = (env_var('PARLEY_LOAD_IDS', '') if execute else '').split(',') | map('trim') | select | list %}
    {% set given_ids -%}
        {% for load_id in given %}{{ sql_string(load_id) }}{{ ', ' if not loop.last }}{% endfor %}
    {%- endset %}
    {% set pinned = "select load_id from " ~ this ~ " where run_id = " ~ sql_string(run_id) %}
    {#- A destination that is built for the first time needs everything, also what was done for another one, and whatever
    the run was given: no later run would look for the rest. #}
    {% set everything = flags.FULL_REFRESH or not is_incremental() %}
    {% if given and not flags.FULL_REFRESH %}
        {% do check_loads(ledger, given) %}
    {% endif %}

    with

    loads as (

        select
            load_id,
            max(status) as last_status
        from {{ ledger }}
        group by load_id
        having min(status) = 0

    ),

    final as (

        select
            cast({{ sql_string(run_id) }} as varchar(255)) as run_id,
            cast(load_id as varchar(255)) as load_id,
            {{ current_utc_timestamp() }} as pinned_at
        from loads
        where
            {% if everything -%}
            true
            {%- elif given -%}
            (
                load_id in ({{ given_ids }})
                or (last_status = 0 and load_id in (select load_id from {{ this }}))
            )
            -- Only while one of those given is not pinned. Later a retry must add nothing: models may be built by then.
            and exists (
                select 1
                from loads as asked
                where load_id in ({{ given_ids }}) and load_id not in ({{ pinned }})
            )
            and load_id not in ({{ pinned }})
            {%- else -%}
            last_status = 0
            {%- endif %}
            {%- if is_incremental() and (everything or not given) %}
            and not exists ({{ pinned }})
            {%- endif %}

    )

    select * from final
{% endmacro %}
