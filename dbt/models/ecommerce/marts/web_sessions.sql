-- A view: the sessions are stored once, with those of apps, in int_ecommerce__sessions.
{{ config(materialized='view') }}

with

sessions as (

    select * from {{ ref('int_ecommerce__sessions') }}

),

final as (

    select
        -- ids
        session_id,
        dbt_visitor_id,
        user_id,

        -- timestamps
        session_started_at,
        session_ended_at,
        length_seconds,

        -- what was done
        events_count,
        pages_count,
        is_bounced,

        -- pages
        landing_url,
        landing_title,
        exit_url,
        exit_title,

        -- where the visitor came from
        channel,
        referrer,
        referring_domain,
        utm_source,
        utm_medium,
        utm_campaign,
        utm_term,
        utm_content,
        gclid,
        fbclid
    from sessions
    where
        platform = 'web'
        and pages_count > 0

)

select * from final
