{{ keep_by_run('support') }}

-- The conversations that a run has to make anew: all that have an event in its loads.

with

final as (

    select distinct
        {{ pinned_run('support') }} as run_id,
        conversation_id
    from {{ ref('stg_conversation_events') }}
    where _load_id in ({{ pinned_loads('support') }})

)

select * from final
