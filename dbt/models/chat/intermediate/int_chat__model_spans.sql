{{
    config(
        incremental_strategy='delete+insert',
        unique_key='model_id',
        dist='all',
        indexes=[],
    )
}}

-- A few rows over all conversations: the earliest and latest of what is known already and what the loads bring.

{% set loads = pinned_loads('chat') if is_incremental() else known_loads('chat') %}

with

seen as (

    select
        model_id,
        min({{ utc_timestamp('"timestamp"') }}) as first_seen_at,
        max({{ utc_timestamp('"timestamp"') }}) as last_seen_at
    from {{ source('chat_raw', 'event') }}
    where
        model_id is not null
        and _load_id in ({{ loads }})
    group by model_id

    {%- if is_incremental() %}

    union all

    select
        model_id,
        first_seen_at,
        last_seen_at
    from {{ this }}
    {%- endif %}

),

final as (

    select
        model_id,
        min(first_seen_at) as first_seen_at,
        max(last_seen_at) as last_seen_at
    from seen
    group by model_id

)

select * from final
