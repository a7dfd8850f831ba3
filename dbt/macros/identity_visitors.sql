{#
  Whose the nodes of the identity graph are, as a query of node, component, first_seen_at and dbt_visitor_id, by the
  variable `id_stitching`. `nodes` is a CTE of node, component and known_component, `links` one of node, other_node and
  first_seen_at with every link of these nodes.
#}
{% macro identity_visitors(nodes, links) -%}
    {%- if var('id_stitching') not in ['full', 'conservative'] -%}
        {{ exceptions.raise_compiler_error(
            "The variable id_stitching is '" ~ var('id_stitching') ~ "'. Set it to full or conservative."
        ) }}
    {%- endif -%}
    select
        node,
        component,
        first_seen_at,
        -- That of the id seen first: it stays when others join later.
        md5(
            first_value(node) over (
                partition by person
                order by first_seen_at, {{ byte_order('node') }}
                rows between unbounded preceding and unbounded following
            )
        ) as dbt_visitor_id
    from (
        select
            nodes.node,
            nodes.component,
            sightings.first_seen_at,
            {%- if var('id_stitching') == 'full' %}
            nodes.component as person
            {%- else %}
            coalesce(device_users.known_component, nodes.known_component) as person
            {%- endif %}
        from {{ nodes }} as nodes
        inner join (
            select
                node,
                min(first_seen_at) as first_seen_at
            from (
                select node, first_seen_at from {{ links }}
                union all
                select other_node as node, first_seen_at from {{ links }}
            ) as ends
            group by node
        ) as sightings
            on sightings.node = nodes.node
        -- Whom a device was known for first.
        left join (
            select
                links.node,
                users.known_component,
                row_number() over (
                    partition by links.node
                    order by links.first_seen_at, {{ byte_order('links.other_node') }}
                ) as user_nr
            from {{ links }} as links
            inner join {{ nodes }} as users
                on users.node = links.other_node
            where
                links.node like 'a:%'
                and links.other_node not like 'a:%'
        ) as device_users
            on device_users.node = nodes.node
            and device_users.user_nr = 1
    ) as persons
{%- endmacro %}
