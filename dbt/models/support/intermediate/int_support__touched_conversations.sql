{{
    config(
        unique_key='run_id',
        full_refresh=false,
        dist='all',
        sort='run_id',
        post_hook="{{ forget_old_runs('support') }}",
    )
}}

-- The conversations that a run has to make anew: all that have an event in its loads.
-- By run, so that a model of a failed run can be repeated after another run has gone by; old runs are forgotten.

with

final as (

    select distinct
        {{ pinned_run('support') }} as run_id,
        conversation_id
    from {{ ref('stg_conversation_events') }}
    where _load_id in ({{ pinned_loads('support') }})

)

select * from final
