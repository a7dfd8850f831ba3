{{ config(incremental_strategy='append', dist='sender_id', sort='event_date', indexes=[{'columns': ['sender_id']}]) }}

-- The days on which a conversation has events, by which a run finds its rows in tables that are in order of time.
-- Rows are only added, and only for the pinned loads: nothing of the past is read again.

{% set loads = pinned_loads('chat') if is_incremental() else known_loads('chat') %}

with

conversations as (

    select distinct sender_id
    from {{ source('chat_raw', 'event') }}
    where _load_id in ({{ loads }})

),

days as (

    select distinct
        sender_id,
        cast({{ utc_timestamp('"timestamp"') }} as date) as event_date
    from {{ source('chat_raw', 'event') }}
    where
        _load_id in ({{ loads }})
        and "timestamp" is not null

),

final as (

    select
        sender_id,
        event_date
    from days

    {%- if is_incremental() %}

    except

    -- Of these conversations alone: to compare the days of a few with all that are known costs three times as much.
    select
        sender_id,
        event_date
    from {{ this }}
    where sender_id in (select sender_id from conversations)
    {%- endif %}

)

select * from final
order by event_date
