{#
  Deletes from a table with a row for each run_id and what the run touches: the runs of more than a month ago, so that
  it stays small. To be called in a post-hook. Kept are the run that is going on, which may have been pinned long ago, and
  every run with a load that is not done: repeating one of its models would find nothing to do, and the load would be
  marked without having been processed. `domain` is chat, ecommerce or support.
#}
{% macro forget_old_runs(domain) -%}
    {%- set pins = ref(domain ~ '_load_ids') -%}
    delete from {{ this }}
    where
        run_id in (
            select run_id
            from {{ pins }}
            group by run_id
            having max(pinned_at) < {{ dbt.dateadd('day', -30, current_utc_timestamp()) }}
        )
        and run_id not in (
            select run_id
            from {{ pins }}
            where load_id not in (select load_id from {{ source(domain ~ '_raw', '_loads') }} where status = 1)
        )
        and run_id <> {{ pinned_run(domain) }}
{%- endmacro %}
