{% snapshot chat_models_snapshot %}

{{
    config(
        alias=(var('dest_schema_prefix') or var('source_schema_prefix')) ~ '_models_snapshot',
        unique_key='model_id',
        check_cols=['model_name', 'first_seen_at'],
        updated_at='arrived_at',
    )
}}

-- Without last_seen_at, which moves with every load.

with

loads as (

    {{ last_arrival('chat') }}

),

final as (

    select
        models.model_id,
        models.model_name,
        models.first_seen_at,
        loads.arrived_at
    from {{ ref('models') }} as models
    cross join loads

)

select * from final

{% endsnapshot %}
