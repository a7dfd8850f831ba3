{{ last_versions(
    'users',
    key='user_id',
    columns=['shop_user_id', 'first_name', 'last_name', 'email', 'country', 'cast(created_at as date) as created_at'],
) }}
