{{ keep_by_run('ecommerce') }}

-- The devices whose tables a run has to make anew: not only those with new events, also those whose visitor may have
-- become another.

with

final as (

    select
        {{ pinned_run('ecommerce') }} as run_id,
        node as device_id
    from {{ ref('id_graph') }}
    where
        {{ of_touched_components() }}
        and node_kind in ('anonymous_id', 'user_id')

)

select * from final
