with

identifies as (

    {{ profile_events(ref('stg_ecommerce__identifies')) }}

),

events as (

    {{ profile_events(ref('int_ecommerce__events')) }}

),

ranked as (

    select
        *,
        row_number() over (
            partition by main_id
            order by occurred_at desc, {{ byte_order('event_id') }} desc
        ) as latest_nr,
        max(days_ago) over (partition by main_id) as first_identified_days_ago
    from identifies

),

latest as (

    select
        *,
        -- A server that sends on what it knows says nothing about either.
        case when platform in ('app', 'web') then platform = 'app' end as is_app,
        case when platform in ('app', 'web') then platform = 'web' end as is_web,
        {{ dbt.datediff('created_at', last_moment(), 'day') }} as created_days_ago,
        floor((
            extract(year from {{ last_moment() }}) * 10000
            + extract(month from {{ last_moment() }}) * 100
            + extract(day from {{ last_moment() }})
            - extract(year from birthday) * 10000
            - extract(month from birthday) * 100
            - extract(day from birthday)
        ) / 10000.0) as age
    from ranked
    where latest_nr = 1

),

campaigns as (

    select
        main_id,
        utm_source as value
    from events
    where utm_source is not null
    union
    select
        main_id,
        campaign_source as value
    from identifies
    where campaign_source is not null

),

campaign_arrays as (

    {{ json_arrays('campaigns', {'campaign_sources': 'true'}) }}

),

users as (

    select main_id from latest
    union
    select main_id from campaign_arrays

),

final as (

    select
        users.main_id,
        latest.gender,
        cast(case when latest.age >= 0 then latest.age end as integer) as age_in_years,
        latest.country,
        latest.state,
        nullif(lower(split_part(latest.email, '@', 2)), '') as email_domain,
        case
            when coalesce(latest.has_mobile_app, latest.is_app) then 1
            when not coalesce(latest.has_mobile_app, latest.is_app) then 0
        end as has_mobile_app,
        case
            when coalesce(latest.is_active_on_website, latest.is_web) then 1
            when not coalesce(latest.is_active_on_website, latest.is_web) then 0
        end as is_active_on_website,
        cast(case
            when latest.created_days_ago >= 0 then latest.created_days_ago
            else latest.first_identified_days_ago
        end as integer) as days_since_account_creation,
        latest.device_type,
        case when campaign_arrays.main_id is null then '[]' else campaign_arrays.campaign_sources end as campaign_sources
    from users
    left join latest
        on latest.main_id = users.main_id
    left join campaign_arrays
        on campaign_arrays.main_id = users.main_id

)

select * from final
