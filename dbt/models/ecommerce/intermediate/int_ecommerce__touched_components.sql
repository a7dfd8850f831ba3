{{ keep_by_run('ecommerce') }}

-- The components of the identity graph that a run's loads have events of.

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
