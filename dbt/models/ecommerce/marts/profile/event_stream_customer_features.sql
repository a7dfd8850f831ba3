{{ config(dist='user_id', sort=['"timestamp"', 'user_id']) }}

with

traits as (

    select * from {{ ref('int_ecommerce_profile__traits') }}

),

engagement as (

    select * from {{ ref('int_ecommerce_profile__engagement') }}

),

revenue as (

    select * from {{ ref('int_ecommerce_profile__revenue') }}

),

payments as (

    select * from {{ ref('int_ecommerce_profile__payments') }}

),

carts as (

    select * from {{ ref('int_ecommerce_profile__carts') }}

),

purchases as (

    select * from {{ ref('int_ecommerce_profile__purchases') }}

),

users as (

    select main_id from traits
    union
    select main_id from engagement
    union
    select main_id from revenue
    union
    select main_id from payments
    union
    select main_id from carts

),

final as (

    select
        users.main_id as user_id,
        {{ as_of() }} as timestamp,

        -- traits
        traits.gender,
        traits.age_in_years,
        traits.country,
        traits.state,
        traits.email_domain,
        traits.has_mobile_app,
        case when traits.main_id is null then '[]' else traits.campaign_sources end as campaign_sources,
        traits.is_active_on_website,
        traits.days_since_account_creation,
        case when payments.main_id is null then '[]' else payments.payment_modes end as payment_modes,
        traits.device_type,

        -- engagement
        engagement.days_since_last_seen,
        {%- for n in profile_lookback_days() %}
        case when engagement.days_since_last_seen <= {{ n }} then 0 else 1 end as is_churned_{{ n }}_days,
        {%- endfor %}
        {%- for n in profile_lookback_days() %}
        coalesce(engagement.active_days_in_past_{{ n }}_days, 0) as active_days_in_past_{{ n }}_days,
        {%- endfor %}
        engagement.avg_session_length_last_week,
        coalesce(engagement.n_sessions_last_week, 0) as n_sessions_last_week,
        engagement.avg_session_length_overall,
        coalesce(engagement.n_sessions_overall, 0) as n_sessions_overall,

        -- revenue
        {%- for n in profile_lookback_days() %}
        coalesce(revenue.amt_spent_in_past_{{ n }}_days, 0) as amt_spent_in_past_{{ n }}_days,
        {%- endfor %}
        coalesce(revenue.total_amt_spent, 0) as total_amt_spent,
        revenue.last_transaction_value,
        revenue.average_transaction_value,
        purchases.average_units_per_transaction,
        revenue.median_transaction_value,
        revenue.highest_transaction_value,
        revenue.days_since_last_purchase,
        {%- for n in profile_lookback_days() %}
        coalesce(revenue.transactions_in_past_{{ n }}_days, 0) as transactions_in_past_{{ n }}_days,
        {%- endfor %}
        coalesce(revenue.total_transactions, 0) as total_transactions,
        coalesce(payments.has_credit_card, 0) as has_credit_card,

        -- pre-revenue
        {%- for n in profile_lookback_days() %}
        coalesce(carts.carts_in_past_{{ n }}_days, 0) as carts_in_past_{{ n }}_days,
        {%- endfor %}
        coalesce(carts.total_carts, 0) as total_carts,
        {%- for n in profile_lookback_days() %}
        case
            when carts.main_id is null then '[]'
            else carts.products_added_in_past_{{ n }}_days
        end as products_added_in_past_{{ n }}_days,
        {%- endfor %}
        coalesce(carts.total_products_added_to_cart, 0) as total_products_added_to_cart,
        carts.days_since_last_cart_add,

        -- products
        case when purchases.main_id is null then '[]' else purchases.items_purchased_ever end as items_purchased_ever,
        case
            when purchases.main_id is null then '[]'
            else purchases.categories_purchased_ever
        end as categories_purchased_ever,
        purchases.highest_spent_category,
        purchases.highest_transacted_category
    from users
    left join traits
        on traits.main_id = users.main_id
    left join engagement
        on engagement.main_id = users.main_id
    left join revenue
        on revenue.main_id = users.main_id
    left join payments
        on payments.main_id = users.main_id
    left join carts
        on carts.main_id = users.main_id
    left join purchases
        on purchases.main_id = users.main_id

)

select * from final
