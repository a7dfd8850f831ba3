-- The identity graph as of the moment: what joins two ids later must not join their events now. Only for profiles of
-- visitors.
{{
    config(
        enabled=var('main_id') == 'dbt_visitor_id',
        dist='node',
        sort='node',
        post_hook=[
            "{{ propagate_labels(this, identity_links(before=as_of()), 'component') }}",
            "{{ propagate_labels(this, identity_links(known=true, before=as_of()), 'known_component') }}",
        ],
    )
}}

with

links as (

    select *
    from {{ ref('int_ecommerce__identity_links') }}
    where first_seen_at < {{ as_of() }}

),

nodes as (

    select node from links
    union
    select other_node as node from links

),

final as (

    select
        node,
        node as component,
        node as known_component
    from nodes

)

select * from final
