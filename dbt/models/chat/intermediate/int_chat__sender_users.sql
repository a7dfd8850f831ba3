{{
    config(
        incremental_strategy='delete+insert',
        unique_key='sender_id',
        dist='sender_id',
        sort='first_event_at',
        indexes=[{'columns': ['sender_id']}],
    )
}}

-- Every user that a conversation ever belonged to. The current one is the first that was ever named in it, and may
-- change when an older event arrives late; then the tables of the one before have to be made anew as well.
-- Rows are only added, and only to the conversations of the pinned loads: nothing of the past is read again.

{% set loads = pinned_loads('chat') if is_incremental() else known_loads('chat') %}

with

conversations as (

    select
        sender_id,
        min({{ utc_timestamp('"timestamp"') }}) as first_event_at
    from {{ source('chat_raw', 'event') }}
    where _load_id in ({{ loads }})
    group by sender_id

),

mentions as (

    {% for table in ['event_user', 'event_session_started'] if var('user_id') != 'sender_id' -%}
    select
        sender_id,
        {{ raw_text(source('chat_raw', table), var('user_id')) }} as user_id,
        {{ utc_timestamp('"timestamp"') }} as known_at,
        _pos as known_pos,
        cast(null as timestamp) as first_event_at
    from {{ source('chat_raw', table) }}
    where _load_id in ({{ loads }})

    union all

    {% endfor -%}
    -- Without any, a conversation is its own user.
    select
        sender_id,
        sender_id as user_id,
        cast(null as timestamp) as known_at,
        cast(null as bigint) as known_pos,
        first_event_at
    from conversations

    {%- if is_incremental() %}

    union all

    select
        sender_id,
        user_id,
        known_at,
        known_pos,
        first_event_at
    from {{ this }}
    where sender_id in (select sender_id from conversations)
    {%- endif %}

),

first_mentions as (

    select
        sender_id,
        user_id,
        known_at,
        known_pos,
        min(first_event_at) over (partition by sender_id) as first_event_at,
        row_number() over (
            partition by sender_id, user_id
            order by case when known_at is null then 1 else 0 end, known_at, known_pos
        ) as mention_nr
    from mentions
    where user_id is not null

),

final as (

    select
        sender_id,
        user_id,
        known_at,
        known_pos,
        first_event_at,
        row_number() over (
            partition by sender_id
            order by case when known_at is null then 1 else 0 end, known_at, known_pos
        ) = 1 as is_current
    from first_mentions
    where mention_nr = 1

)

select * from final
order by first_event_at
