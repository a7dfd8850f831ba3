{{ config(sort='user_id') }}

with

users as (

    select * from {{ ref('stg_support__users') }}

),

known as (

    select user_id
    from users

    union

    select user_id
    from {{ ref('fct_conversation_events') }}
    where user_id is not null

),

final as (

    select
        -- ids
        known.user_id,
        users.shop_user_id,

        -- attributes
        users.first_name,
        users.last_name,
        users.email,
        users.country,
        users.created_at
    from known
    left join users on users.user_id = known.user_id

)

select * from final
