{# Every feature of the user profile with its type (numeric, string or array). What each means: docs/user_profile.md. #}
{% macro profile_features() -%}
    {%- set features = {
        'gender': 'string',
        'age_in_years': 'numeric',
        'country': 'string',
        'state': 'string',
        'email_domain': 'string',
        'has_mobile_app': 'numeric',
        'campaign_sources': 'array',
        'is_active_on_website': 'numeric',
        'days_since_account_creation': 'numeric',
        'payment_modes': 'array',
        'device_type': 'string',
        'days_since_last_seen': 'numeric',
        'is_churned_n_days': 'numeric',
        'active_days_in_past_n_days': 'numeric',
        'avg_session_length_last_week': 'numeric',
        'n_sessions_last_week': 'numeric',
        'avg_session_length_overall': 'numeric',
        'n_sessions_overall': 'numeric',
        'amt_spent_in_past_n_days': 'numeric',
        'total_amt_spent': 'numeric',
        'last_transaction_value': 'numeric',
        'average_transaction_value': 'numeric',
        'average_units_per_transaction': 'numeric',
        'median_transaction_value': 'numeric',
        'highest_transaction_value': 'numeric',
        'days_since_last_purchase': 'numeric',
        'transactions_in_past_n_days': 'numeric',
        'total_transactions': 'numeric',
        'has_credit_card': 'numeric',
        'carts_in_past_n_days': 'numeric',
        'total_carts': 'numeric',
        'products_added_in_past_n_days': 'array',
        'total_products_added_to_cart': 'numeric',
        'days_since_last_cart_add': 'numeric',
        'items_purchased_ever': 'array',
        'categories_purchased_ever': 'array',
        'highest_spent_category': 'string',
        'highest_transacted_category': 'string',
    } -%}
    {%- set named = {} -%}
    {%- for name, type in features.items() -%}
        {%- for n in (profile_lookback_days() if '_n_' in name else ['']) -%}
            {%- do named.update({name | replace('_n_', '_' ~ n ~ '_'): type}) -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ return(named) }}
{%- endmacro %}
