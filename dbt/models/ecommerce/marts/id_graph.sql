{{ config(unique_key='node', incremental_strategy='delete+insert', dist='node', sort='node') }}

{% set of_this_run = of_touched_components() %}

with

nodes as (

    select
        node,
        component,
        known_component
    from {{ ref('int_ecommerce__identity_nodes') }}
    {%- if is_incremental() %}
    where {{ of_this_run }}
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

visitors as (

    {{ identity_visitors('nodes', 'links') }}

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
        dbt_visitor_id,
        first_seen_at,
        component
    from visitors

)

select * from final
