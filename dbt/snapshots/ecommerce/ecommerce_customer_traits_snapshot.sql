{% snapshot ecommerce_customer_traits_snapshot %}

{% set traits = [
    'gender',
    'birthday',
    'country',
    'state',
    'email',
    'created_at',
    'has_mobile_app',
    'is_active_on_website',
] %}

{{
    config(
        unique_key='user_id',
        check_cols=traits,
        updated_at='arrived_at',
        dist='user_id',
        sort='user_id',
    )
}}

with

identifies as (

    select
        *,
        row_number() over (
            partition by user_id
            order by occurred_at desc, {{ byte_order('event_id') }} desc
        ) as latest_nr
    from {{ ref('stg_ecommerce__identifies') }}
    where user_id is not null

),

loads as (

    {{ last_arrival('ecommerce') }}

),

final as (

    select
        identifies.user_id,
        {%- for trait in traits %}
        identifies.{{ trait }},
        {%- endfor %}
        loads.arrived_at
    from identifies
    cross join loads
    where identifies.latest_nr = 1

)

select * from final

{% endsnapshot %}
