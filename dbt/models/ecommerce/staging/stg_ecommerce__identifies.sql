{% set table = event_table('identifies') %}
{% set gender = 'lower(' ~ event_text(table, 'gender') ~ ')' %}

with

landed as (

    select * from {{ table.from }} as landed

),

final as (

    select
        {{ event_ids(table) }},

        -- where
        {{ event_platform(table) }} as platform,

        -- traits
        case
            when {{ gender }} in ('f', 'female', 'w', 'woman') then 'female'
            when {{ gender }} in ('m', 'male', 'man') then 'male'
            when {{ gender }} is not null then 'other'
        end as gender,
        {{ event_date(table, 'birthday') }} as birthday,
        coalesce({{ event_text(table, 'country') }}, {{ event_text(table, 'address_country') }}) as country,
        coalesce({{ event_text(table, 'state') }}, {{ event_text(table, 'address_state') }}) as state,
        lower({{ event_text(table, 'email') }}) as email,
        {{ event_time(table, 'created_at') }} as created_at,
        {{ event_boolean(table, 'has_mobile_app') }} as has_mobile_app,
        {{ event_boolean(table, 'is_active_on_website') }} as is_active_on_website,
        {{ event_text(table, 'context_device_type') }} as device_type,
        lower({{ event_text(table, 'context_campaign_source') }}) as campaign_source
    from landed
    where {{ of_known_loads(table) }}

)

select * from final
