{{ config(sort='"tag"') }}

with

tags as (

    select * from {{ ref('stg_support__tags') }}

),

reasons as (

    select * from {{ ref('tag_reasons') }}

),

known as (

    select "tag"
    from tags

    union

    select "tag"
    from reasons

    union

    select "tag"
    from {{ ref('fct_conversation_events') }}
    where "tag" is not null

),

final as (

    select
        known.tag,
        reasons.reason_group,
        tags.description
    from known
    left join tags on tags.tag = known.tag
    left join reasons on reasons.tag = known.tag

)

select * from final
