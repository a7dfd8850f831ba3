{{
    config(
        materialized='incremental',
        incremental_strategy='append',
        full_refresh=false,
        dist='all',
    )
}}

{{ pin_loads(source('support_raw', '_loads')) }}
