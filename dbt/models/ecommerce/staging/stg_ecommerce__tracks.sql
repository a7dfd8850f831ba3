{% set table = event_table('tracks') %}

with

landed as (

    select * from {{ table.from }} as landed

),

final as (

    select
        {{ event_ids(table) }},

        -- what
        coalesce({{ event_text(table, 'event_text') }}, {{ event_text(table, 'event') }}) as event,

        -- where
        {{ event_platform(table) }} as platform,
        {{ event_text(table, 'context_session_id') }} as session_id
    from landed
    where {{ of_known_loads(table) }}

)

select * from final
