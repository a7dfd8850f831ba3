{{ config(incremental_strategy='replace_devices', dist='device_id', sort=['device_id', 'activity_date']) }}

-- What a session did on a day. The session ids are given here; int_ecommerce__sessions has a row for each.

{% set in_order = 'order by occurred_at, ' ~ byte_order('event_id') %}
{% set so_far = in_order ~ ' rows between unbounded preceding and current row' %}

with

providers as (

    select domain from {{ ref('payment_providers') }}

),

-- An identify call is no activity, and what a server sends (a refund) is none of the visitor's.
events as (

    select
        event_id,
        device_id,
        user_id,
        occurred_at,
        platform,
        coalesce(sdk_session_id, '') as sdk_session_id,
        kind in ('page', 'screen') as is_page,
        referring_domain
    from {{ ref('int_ecommerce__events') }}
    where
        kind in ('page', 'screen', 'track')
        and platform <> 'server'
        and {{ touched_devices() }}

),

neighbours as (

    select
        *,
        lag(occurred_at) over (partition by device_id, sdk_session_id {{ in_order }}) as previous_at
    from events

),

-- The SDK's sessions; where it gave none, by silence.
visits as (

    select
        *,
        sum(
            case
                when sdk_session_id <> '' then 0
                when previous_at is null then 1
                when occurred_at > {{ dbt.dateadd('second', var('session_cutoff_in_sec'), 'previous_at') }} then 1
                else 0
            end
        ) over (partition by device_id, sdk_session_id {{ so_far }}) as visit_nr
    from neighbours

),

numbered as (

    select
        *,
        row_number() over (partition by device_id, sdk_session_id, visit_nr {{ in_order }}) as event_nr,
        row_number() over (partition by device_id, sdk_session_id, visit_nr, is_page {{ in_order }}) as kind_nr
    from visits

),

visit_spans as (

    select
        device_id,
        sdk_session_id,
        visit_nr,
        min(occurred_at) as started_at,
        max(occurred_at) as ended_at,
        max(case when event_nr = 1 then event_id end) as first_event_id,
        max(case when is_page and kind_nr = 1 then referring_domain end) as landing_domain
    from numbered
    group by
        device_id,
        sdk_session_id,
        visit_nr

),

visit_keys as (

    select
        *,
        case when sdk_session_id <> '' then sdk_session_id else first_event_id end as visit_key
    from visit_spans

),

following_visits as (

    select
        *,
        max(ended_at) over (
            partition by device_id
            order by started_at, {{ byte_order('visit_key') }}
            rows between unbounded preceding and 1 preceding
        ) as previous_ended_at
    from visit_keys

),

-- Who comes back from paying goes on with the session before: that of the visit that ended last. One within another
-- visit, an event without the SDK's session id for example, is a session aside.
session_starts as (

    select
        following_visits.*,
        coalesce(following_visits.ended_at <= following_visits.previous_ended_at, false) as is_within,
        case
            when
                providers.domain is not null
                and following_visits.started_at
                    <= {{ dbt.dateadd('second', var('payment_return_in_sec'), 'following_visits.previous_ended_at') }}
                then 0
            else 1
        end as is_start
    from following_visits
    left join providers
        on providers.domain = following_visits.landing_domain

),

session_numbers as (

    select
        *,
        sum(case when is_within then 0 else is_start end) over (
            partition by device_id
            order by started_at, {{ byte_order('visit_key') }}
            rows between unbounded preceding and current row
        ) as session_nr
    from session_starts

),

session_keys as (

    select
        device_id,
        sdk_session_id,
        visit_nr,
        {{ key_part('device_id', '/') }} || '/' || case
            when is_within and is_start = 1 then visit_key
            else first_value(visit_key) over (
                partition by device_id, session_nr
                order by started_at, {{ byte_order('visit_key') }}
                rows between unbounded preceding and current row
            )
        end as session_id
    from session_numbers

),

in_sessions as (

    select
        numbered.event_id,
        numbered.device_id,
        numbered.user_id,
        numbered.occurred_at,
        numbered.platform,
        numbered.is_page,
        session_keys.session_id
    from numbered
    inner join session_keys
        on session_keys.device_id = numbered.device_id
        and session_keys.sdk_session_id = numbered.sdk_session_id
        and session_keys.visit_nr = numbered.visit_nr

),

ranked as (

    select
        *,
        row_number() over (partition by session_id {{ in_order }}) as event_nr,
        row_number() over (partition by session_id, is_page {{ in_order }}) as kind_nr,
        row_number() over (
            partition by session_id, is_page
            order by occurred_at desc, {{ byte_order('event_id') }} desc
        ) as kind_nr_from_end,
        row_number() over (
            partition by session_id
            order by case when user_id is null then 1 else 0 end, occurred_at, {{ byte_order('event_id') }}
        ) as user_nr
    from in_sessions

),

final as (

    select
        device_id,
        session_id,
        cast(occurred_at as date) as activity_date,
        min(occurred_at) as first_event_at,
        max(occurred_at) as last_event_at,
        count(*) as events_count,
        count(case when is_page then 1 end) as pages_count,
        max(case when event_nr = 1 then platform end) as platform,
        max(case when user_nr = 1 then user_id end) as user_id,
        max(case when is_page and kind_nr = 1 then event_id end) as landing_event_id,
        max(case when is_page and kind_nr_from_end = 1 then event_id end) as exit_event_id
    from ranked
    group by
        device_id,
        session_id,
        cast(occurred_at as date)

)

select * from final
