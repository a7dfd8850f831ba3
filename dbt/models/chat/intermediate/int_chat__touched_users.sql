{{ keep_by_run('chat') }}

-- The users whose tables a run has to make anew: all that the conversations of its loads belong, or ever belonged, to.

with

conversations as (

    select distinct sender_id
    from {{ source('chat_raw', 'event') }}
    where _load_id in ({{ pinned_loads('chat') }})

),

final as (

    select distinct
        {{ pinned_run('chat') }} as run_id,
        user_id
    from {{ ref('int_chat__sender_users') }}
    where sender_id in (select sender_id from conversations)

)

select * from final
