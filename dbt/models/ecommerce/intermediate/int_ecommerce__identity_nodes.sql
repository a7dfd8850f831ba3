-- Links are never taken back, so components only grow: a node that is new begins as a component of its own, and the
-- post-hooks lower the labels of all that is linked to the lowest one. In every run, so one that died half way is
-- finished by the next.
{{
    config(
        incremental_strategy='append',
        dist='node',
        sort='node',
        post_hook=[
            "{{ propagate_labels(this, identity_links(), 'component') }}",
            "{{ propagate_labels(this, identity_links(known=true), 'known_component') }}",
        ],
    )
}}

with

links as (

    select * from {{ ref('int_ecommerce__identity_links') }}

),

nodes as (

    select node from links
    union
    select other_node from links

),

final as (

    select
        node,
        node as component,
        -- The same without anonymous ids: who is one by user id and e-mail alone.
        node as known_component
    from nodes
    {%- if is_incremental() %}
    where not exists (select 1 from {{ this }} as known where known.node = nodes.node)
    {%- endif %}

)

select * from final
