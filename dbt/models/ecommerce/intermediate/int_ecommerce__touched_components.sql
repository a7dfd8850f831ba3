{{
    config(
        incremental_strategy='delete+insert',
        unique_key='run_id',
        full_refresh=false,
        dist='all',
        post_hook="{{ forget_old_runs('ecommerce') }}",
    )
}}

-- The components of the identity graph that a run's loads have events of.
-- By run, so that a model of a failed run can be repeated after another run has gone by; old runs are forgotten.

with

events as (

    select distinct device_id
    from {{ ref('int_ecommerce__events') }}
    where load_id in ({{ pinned_loads('ecommerce') }})

),

final as (

    select distinct
        {{ pinned_run('ecommerce') }} as run_id,
        component
    from {{ ref('int_ecommerce__identity_nodes') }}
    where node in (select device_id from events)

)

select * from final
