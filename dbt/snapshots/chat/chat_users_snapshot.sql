{% snapshot chat_users_snapshot %}

{% set columns = [
    'first_session_id',
    'last_session_id',
    'first_sender_id',
    'last_sender_id',
    'first_seen_at',
    'last_seen_at',
    'sessions_count',
    'senders_count',
    'interactions_count',
] %}

{{
    config(
        alias=(var('dest_schema_prefix') or var('source_schema_prefix')) ~ '_users_snapshot',
        unique_key='user_id',
        check_cols=columns,
        updated_at='arrived_at',
        dist='user_id',
        sort='user_id',
    )
}}

with

loads as (

    {{ last_arrival('chat') }}

),

final as (

    select
        users.user_id,
        {%- for column in columns %}
        users.{{ column }},
        {%- endfor %}
        loads.arrived_at
    from {{ ref('users') }} as users
    cross join loads

)

select * from final

{% endsnapshot %}
