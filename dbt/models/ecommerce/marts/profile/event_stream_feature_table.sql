{{ config(dist='user_id', sort=['"timestamp"', 'user_id']) }}

{% set features = profile_features() %}

with

customer_features as (

    select *
    from {{ ref('event_stream_customer_features') }}
    where "timestamp" = {{ as_of() }}

),

features as (

    {%- for name, type in features.items() %}
    select
        {{ loop.index }} as feature_nr,
        cast('{{ name }}' as varchar(255)) as feature_name,
        cast('{{ type }}' as varchar(16)) as feature_type
    {{ 'union all' if not loop.last }}
    {%- endfor %}

),

-- One pass over the users, each of which meets every feature.
final as (

    select
        customer_features.user_id,
        customer_features."timestamp",
        features.feature_name,
        features.feature_type,
        {%- for type in ('numeric', 'string', 'array') %}
        cast(case features.feature_nr
            {%- for name in features if features[name] == type %}
            when {{ (features | list).index(name) + 1 }} then {{ name }}
            {%- endfor %}
        end as {{ 'double precision' if type == 'numeric' else 'varchar(65535)' }}) as feature_value_{{ type }}
        {{- ',' if not loop.last }}
        {%- endfor %}
    from customer_features
    cross join features

)

select * from final
