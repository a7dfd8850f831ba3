{{ config(unique_key='node', incremental_strategy='delete+insert', dist='node', sort='node') }}

{% if var('id_stitching') not in ['full', 'conservative'] %}
    {{ exceptions.raise_compiler_error(
        "The variable id_stitching is '" ~ var('id_stitching') ~ "'. Set it to full or conservative."
    ) }}
{% endif %}

{% set touched = ref('int_ecommerce__touched_components') %}

with

nodes as (

    select
        node,
        component,
        known_component
    from {{ ref('int_ecommerce__identity_nodes') }}
    {%- if is_incremental() %}
    where component in (select component from {{ touched }})
    {%- endif %}

),

links as (

    select
        links.node,
        links.other_node,
        links.first_seen_at
    from {{ ref('int_ecommerce__identity_links') }} as links
    inner join nodes
        on nodes.node = links.node

),

sightings as (

    select
        node,
        first_seen_at
    from links

    union all

    select
        other_node as node,
        first_seen_at
    from links

),

first_sightings as (

    select
        node,
        min(first_seen_at) as first_seen_at
    from sightings
    group by node

),

-- Whom a device was known for first.
device_users as (

    select
        links.node,
        nodes.known_component,
        row_number() over (partition by links.node order by links.first_seen_at, links.other_node) as user_nr
    from links
    inner join nodes
        on nodes.node = links.other_node
    where
        links.node like 'a:%'
        and links.other_node not like 'a:%'

),

persons as (

    select
        nodes.node,
        nodes.component,
        first_sightings.first_seen_at,
        {%- if var('id_stitching') == 'full' %}
        nodes.component as person
        {%- else %}
        coalesce(device_users.known_component, nodes.known_component) as person
        {%- endif %}
    from nodes
    inner join first_sightings
        on first_sightings.node = nodes.node
    left join device_users
        on device_users.node = nodes.node
        and device_users.user_nr = 1

),

final as (

    select
        node,
        case substring(node, 1, 1)
            when 'a' then 'anonymous_id'
            when 'u' then 'user_id'
            when 'e' then 'email'
        end as node_kind,
        substring(node, 3) as node_value,
        -- That of the id seen first: it stays when others join later.
        md5(
            first_value(node) over (
                partition by person
                order by first_seen_at, node
                rows between unbounded preceding and unbounded following
            )
        ) as dbt_visitor_id,
        first_seen_at,
        component
    from persons

)

select * from final
