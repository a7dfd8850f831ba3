{% set table = event_table('screens', needed=false) %}

with

landed as (

    select * from {{ table.from }} as landed

),

final as (

    select
        {{ event_ids(table) }},

        -- where
        {{ event_platform(table) }} as platform,
        {{ event_text(table, 'context_session_id') }} as session_id,
        {{ event_text(table, 'name') }} as name,

        -- the campaign that the app was opened from
        lower({{ event_text(table, 'context_campaign_source') }}) as utm_source,
        lower({{ event_text(table, 'context_campaign_medium') }}) as utm_medium,
        {{ event_text(table, 'context_campaign_name') }} as utm_campaign,
        {{ event_text(table, 'context_campaign_term') }} as utm_term,
        {{ event_text(table, 'context_campaign_content') }} as utm_content
    from landed
    where {{ of_known_loads(table) }}

)

select * from final
