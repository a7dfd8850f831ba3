-- In the long table, as of the moment that is computed: so many rows for each user as there are features.
-- One pass over one moment: the history of all moments is long.
with

customer_features as (

    select *
    from {{ ref('event_stream_customer_features') }}
    where "timestamp" = {{ as_of() }}

),

features as (

    select
        user_id,
        count(*) as rows_count,
        count(distinct feature_name) as features_count
    from {{ ref('event_stream_feature_table') }}
    where "timestamp" = {{ as_of() }}
    group by user_id

)

select
    customer_features.user_id,
    features.rows_count,
    features.features_count
from customer_features
left join features
    on features.user_id = customer_features.user_id
where
    features.user_id is null
    or features.rows_count <> {{ profile_features() | length }}
    or features.features_count <> {{ profile_features() | length }}
