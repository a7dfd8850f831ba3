{{ config(materialized='table', dist='all') }}

-- The conversations that a run has to make anew: all that have an event in its loads.

with

final as (

    select distinct conversation_id
    from {{ ref('stg_conversation_events') }}
    where _load_id in ({{ pinned_loads('support') }})

)

select * from final
