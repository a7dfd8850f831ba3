{% set table = event_table('tracks') %}

with

landed as (

    select * from {{ table.from }} as landed

),

final as (

    select
        {{ event_ids(table) }},
        {{ event_time(table, 'received_at') }} as received_at,
        {{ event_time(table, 'sent_at') }} as sent_at,

        -- what
        coalesce({{ event_text(table, 'event_text') }}, {{ event_text(table, 'event') }}) as event,

        -- where
        {{ event_platform(table) }} as platform,
        {{ event_text(table, 'context_session_id') }} as session_id,
        {{ event_text(table, 'context_device_type') }} as device_type,
        coalesce(
            {{ event_text(table, 'context_traits_country') }},
            {{ event_text(table, 'context_traits_address_country') }}
        ) as country
    from landed
    where {{ of_known_loads(table) }}

)

select * from final
