{{
    config(
        materialized='incremental',
        incremental_strategy='delete+insert',
        unique_key='_record_hash',
        on_schema_change='fail',
        dist='conversation_id',
        sort=['event_timestamp', 'conversation_id'],
    )
}}

-- An event never changes: a run adds those of its loads.

{% set loads = pinned_loads('support') if is_incremental() else known_loads('support') %}

with

events as (

    select *
    from {{ ref('stg_conversation_events') }}
    where _load_id in ({{ loads }})

),

final as (

    select
        -- ids
        _record_hash,
        conversation_id,
        user_id,
        agent_id,
        "tag",
        cast(event_timestamp as date) as event_date,

        -- place
        event_timestamp,
        _pos,

        -- content
        event,
        status,
        event_value
    from events

)

select * from final
