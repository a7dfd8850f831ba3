{{ config(incremental_strategy='append', dist='sender_id', sort='event_date', indexes=[{'columns': ['sender_id']}]) }}

-- The days on which a conversation has events, by which a run finds its rows in tables that are in order of time.
-- Rows are only added, and only for the pinned loads: nothing of the past is read again.

{% set loads = pinned_loads('chat') if is_incremental() else known_loads('chat') %}

with

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
    where not exists (
        select 1
        from {{ this }} as known
        where
            known.sender_id = days.sender_id
            and known.event_date = days.event_date
    )
    {%- endif %}

)

select * from final
order by event_date
