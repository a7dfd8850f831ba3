{{ config(incremental_strategy='replace_devices', dist='device_id', sort=['device_id', 'session_started_at']) }}

with

days as (

    select *
    from {{ ref('int_ecommerce__session_days') }}
    where {{ touched_devices() }}

),

totals as (

    select
        session_id,
        device_id,
        max(platform) as platform,
        max(user_id) as user_id,
        min(first_event_at) as session_started_at,
        max(last_event_at) as session_ended_at,
        cast(sum(events_count) as bigint) as events_count,
        cast(sum(pages_count) as bigint) as pages_count,
        max(landing_event_id) as landing_event_id,
        max(exit_event_id) as exit_event_id
    from days
    group by
        session_id,
        device_id

),

identities as (

    select
        node,
        dbt_visitor_id
    from {{ ref('id_graph') }}

),

pages as (

    select *
    from {{ ref('int_ecommerce__events') }}
    where
        kind in ('page', 'screen')
        and {{ touched_devices() }}

),

providers as (

    select domain from {{ ref('payment_providers') }}

),

-- A page of the shop itself, or the payment provider's on the way back, is not where somebody came from.
origins as (

    select
        pages.*,
        pages.referring_domain is not null
        and pages.referring_domain <> coalesce({{ url_host('pages.url') }}, '')
        {%- if var('own_hosts') %}
        and pages.referring_domain not in (
            {%- for host in var('own_hosts') %}{{ sql_string(host | lower) }}{{ ', ' if not loop.last }}{% endfor -%}
        )
        {%- endif %}
        and providers.domain is null as is_from_outside
    from pages
    left join providers
        on providers.domain = pages.referring_domain

),

landings as (

    select
        event_id,
        device_id,
        url,
        title,
        case when is_from_outside then referrer end as referrer,
        case when is_from_outside then referring_domain end as referring_domain,
        utm_source,
        utm_medium,
        utm_campaign,
        utm_term,
        utm_content,
        gclid,
        fbclid
    from origins

),

sources as (

    select
        totals.session_id,
        landings.*
    from totals
    inner join landings
        on landings.device_id = totals.device_id
        and landings.event_id = totals.landing_event_id

),

rules as (

    select * from {{ ref('channel_rules') }}

),

-- Of the rules that fit, the first counts; an empty field of a rule fits everything.
fitting_rules as (

    select
        sources.session_id,
        min(rules.rule_nr) as rule_nr
    from sources
    inner join rules
        on (rules.utm_source is null or sources.utm_source like rules.utm_source)
        and (rules.utm_medium is null or sources.utm_medium like rules.utm_medium)
        and (rules.referring_domain is null or sources.referring_domain like rules.referring_domain)
        and (
            rules.click_id is null
            or (rules.click_id = 'gclid' and sources.gclid is not null)
            or (rules.click_id = 'fbclid' and sources.fbclid is not null)
        )
    group by sources.session_id

),

final as (

    select
        -- ids
        totals.session_id,
        totals.device_id,
        coalesce(users.dbt_visitor_id, devices.dbt_visitor_id) as dbt_visitor_id,
        totals.user_id,
        totals.platform,

        -- timestamps
        totals.session_started_at,
        totals.session_ended_at,
        cast(
            cast(
                {{ dbt.datediff('totals.session_started_at', 'totals.session_ended_at', 'millisecond') }} as numeric(18, 3)
            ) * cast(0.001 as numeric(4, 3)) as numeric(18, 3)
        ) as length_seconds,

        -- what was done
        totals.events_count,
        totals.pages_count,
        totals.pages_count = 1 and totals.session_started_at = totals.session_ended_at as is_bounced,

        -- pages
        sources.url as landing_url,
        sources.title as landing_title,
        exits.url as exit_url,
        exits.title as exit_title,

        -- where the visitor came from
        sources.referrer,
        sources.referring_domain,
        sources.utm_source,
        sources.utm_medium,
        sources.utm_campaign,
        sources.utm_term,
        sources.utm_content,
        sources.gclid,
        sources.fbclid,
        case
            when rules.channel is not null then rules.channel
            when sources.utm_source is not null or sources.utm_medium is not null then 'other_campaign'
            when sources.referring_domain is not null then 'referral'
            else 'direct'
        end as channel
    from totals
    left join sources
        on sources.session_id = totals.session_id
    left join fitting_rules
        on fitting_rules.session_id = totals.session_id
    left join rules
        on rules.rule_nr = fitting_rules.rule_nr
    left join pages as exits
        on exits.device_id = totals.device_id
        and exits.event_id = totals.exit_event_id
    left join identities as devices
        on devices.node = totals.device_id
    left join identities as users
        on users.node = {{ identity_node('u', 'totals.user_id') }}

)

select * from final
