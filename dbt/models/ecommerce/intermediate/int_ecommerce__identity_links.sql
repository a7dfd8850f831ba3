{{ config(unique_key='link_id', incremental_strategy='delete+insert', dist='node', sort='node') }}

-- Which ids were seen together, and since when. An id that was seen alone is linked with itself.

{% set pinned = pinned_loads('ecommerce') %}

with

events as (

    select
        {{ identity_node('a', 'anonymous_id') }} as anonymous_node,
        {{ identity_node('u', 'user_id') }} as user_node,
        {{ identity_node('e', 'email') }} as email_node,
        occurred_at
    from {{ ref('int_ecommerce__events') }}
    {%- if is_incremental() %}
    where load_id in ({{ pinned }})
    {%- endif %}

),

links as (

    select
        coalesce(anonymous_node, user_node) as node,
        coalesce(user_node, anonymous_node) as other_node,
        min(occurred_at) as first_seen_at
    from events
    group by
        coalesce(anonymous_node, user_node),
        coalesce(user_node, anonymous_node)

    union all

    select
        coalesce(user_node, anonymous_node) as node,
        email_node as other_node,
        min(occurred_at) as first_seen_at
    from events
    where email_node is not null
    group by
        coalesce(user_node, anonymous_node),
        email_node

),

keyed as (

    select
        md5({{ key_part('node', ' ') }} || ' ' || other_node) as link_id,
        node,
        other_node,
        first_seen_at
    from links

),

{% if is_incremental() -%}
all_links as (

    select * from keyed

    union all

    select * from {{ this }}
    where link_id in (select link_id from keyed)

),
{%- else -%}
all_links as (

    select * from keyed

),
{%- endif %}

final as (

    select
        link_id,
        node,
        other_node,
        min(first_seen_at) as first_seen_at
    from all_links
    group by
        link_id,
        node,
        other_node

)

select * from final
