{{ config(incremental_strategy='replace_loads', dist='device_id', sort=['device_id', 'occurred_at']) }}

-- Every event in one form, and the one model beside the orders that reads raw events: each load once.

{% set pinned = pinned_loads('ecommerce') %}
{% set kinds = {
    'track': 'stg_ecommerce__tracks',
    'page': 'stg_ecommerce__pages',
    'screen': 'stg_ecommerce__screens',
    'identify': 'stg_ecommerce__identifies',
} %}
{% set session = ['platform', 'session_id'] %}
{% set page = [
    'url', 'title', 'referrer', 'referring_domain', 'utm_source', 'utm_medium', 'utm_campaign', 'utm_term', 'utm_content',
    'gclid', 'fbclid',
] %}
{% set campaign = ['utm_source', 'utm_medium', 'utm_campaign', 'utm_term', 'utm_content'] %}
{% set contents = {
    'track': session + ['event'],
    'page': session + page,
    'screen': session + campaign,
    'identify': ['platform', 'email'],
} %}

with

events as (

    {% for kind, model in kinds.items() -%}
    select
        event_id,
        load_id,
        anonymous_id,
        user_id,
        occurred_at,
        '{{ kind }}' as kind,
        {%- for column in session + ['event', 'email'] + page %}
        {% if column in contents[kind] %}{{ column }}{% else %}cast(null as varchar(65535)) as {{ column }}{% endif %}
        {{- ',' if not loop.last }}
        {%- endfor %}
    from {{ ref(model) }}
    {%- if is_incremental() %}
    where load_id in ({{ pinned }})
    {%- endif %}
    {{ 'union all' if not loop.last }}
    {% endfor %}

),

final as (

    select
        -- ids
        event_id,
        load_id,
        coalesce({{ identity_node('a', 'anonymous_id') }}, {{ identity_node('u', 'user_id') }}) as device_id,
        anonymous_id,
        user_id,
        email,
        session_id as sdk_session_id,

        -- what and when
        occurred_at,
        kind,
        event,
        platform,

        -- the page
        {%- for column in page %}
        {{ column }}{{ ',' if not loop.last }}
        {%- endfor %}
    from events

)

select * from final
