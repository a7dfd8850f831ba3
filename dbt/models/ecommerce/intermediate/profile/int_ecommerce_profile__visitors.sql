{{ config(enabled=var('main_id') == 'dbt_visitor_id', dist='node', sort='node') }}

with

nodes as (

    select * from {{ ref('int_ecommerce_profile__identity_nodes') }}

),

links as (

    select *
    from {{ ref('int_ecommerce__identity_links') }}
    where first_seen_at < {{ as_of() }}

),

visitors as (

    {{ identity_visitors('nodes', 'links') }}

),

final as (

    select
        node,
        first_seen_at,
        dbt_visitor_id
    from visitors

)

select * from final
