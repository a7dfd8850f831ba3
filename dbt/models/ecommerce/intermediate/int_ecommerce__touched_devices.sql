{{ config(materialized='table', dist='all') }}

-- The devices whose tables a run has to make anew: not only those with new events, also those whose visitor may have
-- become another.

with

final as (

    select node as device_id
    from {{ ref('id_graph') }}
    where
        component in (select component from {{ ref('int_ecommerce__touched_components') }})
        and node_kind in ('anonymous_id', 'user_id')

)

select * from final
