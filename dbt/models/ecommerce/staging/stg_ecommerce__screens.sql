{% set table = event_table('screens', needed=false) %}

with

landed as (

    select * from {{ table.from }} as landed

),

final as (

    select
        {{ event_ids(table) }},
        {{ event_time(table, 'received_at') }} as received_at,

        -- where
        {{ event_platform(table) }} as platform,
        {{ event_text(table, 'context_session_id') }} as session_id,
        {{ event_text(table, 'name') }} as name
    from landed
    where {{ of_known_loads(table) }}

)

select * from final
