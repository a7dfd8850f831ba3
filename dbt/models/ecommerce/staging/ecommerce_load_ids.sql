{{
    config(
        materialized='incremental',
        incremental_strategy='append',
        full_refresh=false,
        dist='all',
    )
}}

{{ pin_loads(source('ecommerce_raw', '_loads')) }}
