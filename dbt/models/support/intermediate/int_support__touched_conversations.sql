{{
    config(
        unique_key='run_id',
        full_refresh=false,
        dist='all',
        sort='run_id',
        post_hook="
            delete from {{ this }}
            where run_id in (
                select run_id
                from {{ ref('support_load_ids') }}
                group by run_id
                having max(pinned_at) < {{ dbt.dateadd('day', -30, current_utc_timestamp()) }}
            )
        ",
    )
}}

-- The conversations that a run has to make anew: all that have an event in its loads.
-- By run, so that a model of a failed run can be repeated after another run has gone by; a month of runs is kept.

with

final as (

    select distinct
        {{ pinned_run('support') }} as run_id,
        conversation_id
    from {{ ref('stg_conversation_events') }}
    where _load_id in ({{ pinned_loads('support') }})

)

select * from final
