with

orders as (

    {{ profile_events(ref('int_ecommerce__orders')) }}

),

-- An order whose amount is not known has no number among the amounts: ascending order puts nulls last everywhere.
ranked as (

    select
        main_id,
        order_id,
        days_ago,
        total_reporting as amount,
        count(total_reporting) over (partition by main_id) as amounts_count,
        row_number() over (partition by main_id order by total_reporting, order_id) as amount_nr,
        row_number() over (
            partition by main_id
            order by
                case when total_reporting is null then 1 else 0 end,
                occurred_at desc,
                {{ byte_order('order_id') }} desc
        ) as latest_nr
    from orders

),

totals as (

    select
        main_id,
        {%- for n in profile_lookback_days() %}
        coalesce(sum(case when days_ago <= {{ n }} then amount end), 0) as amt_spent_in_past_{{ n }}_days,
        sum(case when days_ago <= {{ n }} then 1 else 0 end) as transactions_in_past_{{ n }}_days,
        {%- endfor %}
        coalesce(sum(amount), 0) as total_amt_spent,
        count(amount) as amounts_count,
        max(case when latest_nr = 1 then amount end) as last_transaction_value,
        -- The one in the middle, or both of an even number.
        sum(case when amount_nr * 2 between amounts_count and amounts_count + 2 then amount end) as middle_sum,
        sum(case when amount_nr * 2 between amounts_count and amounts_count + 2 then 1 end) as middle_count,
        max(amount) as highest_transaction_value,
        min(days_ago) as days_since_last_purchase,
        count(*) as total_transactions
    from ranked
    group by main_id

),

final as (

    select
        main_id,
        {%- for n in profile_lookback_days() %}
        cast(amt_spent_in_past_{{ n }}_days as double precision) as amt_spent_in_past_{{ n }}_days,
        cast(transactions_in_past_{{ n }}_days as integer) as transactions_in_past_{{ n }}_days,
        {%- endfor %}
        cast(total_amt_spent as double precision) as total_amt_spent,
        cast(last_transaction_value as double precision) as last_transaction_value,
        cast(total_amt_spent as double precision) / nullif(amounts_count, 0) as average_transaction_value,
        cast(middle_sum as double precision) / middle_count as median_transaction_value,
        cast(highest_transaction_value as double precision) as highest_transaction_value,
        cast(days_since_last_purchase as integer) as days_since_last_purchase,
        cast(total_transactions as integer) as total_transactions
    from totals

)

select * from final
