{% snapshot support_tags_snapshot %}

{{
    config(
        unique_key='"tag"',
        check_cols=['reason_group', 'description'],
        updated_at='arrived_at',
    )
}}

-- The tags with the reasons that they stand for, which the desk's own list does not have.

with

loads as (

    {{ last_arrival('support') }}

),

final as (

    select
        tags.tag,
        tags.reason_group,
        tags.description,
        loads.arrived_at
    from {{ ref('dim_tag') }} as tags
    cross join loads

)

select * from final

{% endsnapshot %}
