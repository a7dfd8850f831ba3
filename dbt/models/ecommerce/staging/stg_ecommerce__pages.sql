{% set table = event_table('pages') %}
{% set url = 'coalesce(' ~ event_text(table, 'url') ~ ', ' ~ event_text(table, 'context_page_url') ~ ')' %}
{#- $direct is the browser SDK's word for nowhere. #}
{% set referrer -%}
    nullif(coalesce({{ event_text(table, 'referrer') }}, {{ event_text(table, 'context_page_referrer') }}), '$direct')
{%- endset %}

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

        -- the page
        {{ url }} as url,
        coalesce({{ event_text(table, 'title') }}, {{ event_text(table, 'context_page_title') }}) as title,

        -- where it was come from
        {{ referrer }} as referrer,
        coalesce(
            lower({{ event_text(table, 'referring_domain') }}),
            lower({{ event_text(table, 'context_page_referring_domain') }}),
            {{ url_host(referrer) }}
        ) as referring_domain,

        -- the campaign; one source is spelled in several ways
        lower({{ event_text(table, 'context_campaign_source') }}) as utm_source,
        lower({{ event_text(table, 'context_campaign_medium') }}) as utm_medium,
        {{ event_text(table, 'context_campaign_name') }} as utm_campaign,
        {{ event_text(table, 'context_campaign_term') }} as utm_term,
        {{ event_text(table, 'context_campaign_content') }} as utm_content,
        {{ url_parameter(url, 'gclid') }} as gclid,
        {{ url_parameter(url, 'fbclid') }} as fbclid
    from landed
    where {{ of_known_loads(table) }}

)

select * from final
