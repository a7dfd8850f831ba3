-- A view: it is a selection of the history.
{{ config(materialized='view') }}

with

customer_features as (

    select * from {{ ref('event_stream_customer_features') }}

),

final as (

    select *
    from customer_features
    where "timestamp" = (select max("timestamp") from customer_features)

)

select * from final
