{% snapshot support_users_snapshot %}

{{
    config(
        unique_key='user_id',
        check_cols=['shop_user_id', 'first_name', 'last_name', 'email', 'country', 'created_at'],
        updated_at='arrived_at',
    )
}}

select * from {{ ref('stg_support__users') }}

{% endsnapshot %}
