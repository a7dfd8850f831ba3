{% snapshot support_agents_snapshot %}

{{
    config(
        unique_key='agent_id',
        check_cols=['first_name', 'last_name', 'email', 'team', 'supervisor_id', 'hired_on'],
        updated_at='arrived_at',
    )
}}

select * from {{ ref('stg_support__agents') }}

{% endsnapshot %}
