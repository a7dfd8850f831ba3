-- A table: what a tag stands for may change for the past too.
{{ config(materialized='table') }}

-- What a customer wrote about: a row for each conversation and tag, and one for a conversation without any.

with

conversations as (

    select * from {{ ref('fct_conversations') }}

),

lifecycles as (

    select * from {{ ref('fct_conversation_lifecycle') }}

),

tags as (

    select * from {{ ref('int_support__conversation_tags') }}

),

reasons as (

    select * from {{ ref('dim_tag') }}

),

final as (

    select
        conversations.conversation_id,
        conversations.user_id,
        conversations.started_date,
        tags.tag,
        reasons.reason_group,
        -- Whole numbers, because a sum of them does not depend on their order.
        cast(
            {{ dbt.datediff('lifecycles.opened_at', 'lifecycles.closed_at', 'second') }} as bigint
        ) as seconds_to_resolve
    from conversations
    inner join lifecycles on lifecycles.id = conversations.conversation_id
    left join tags on tags.conversation_id = conversations.conversation_id
    left join reasons on reasons.tag = tags.tag

)

select * from final
