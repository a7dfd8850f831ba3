{{ config(sort='period_start') }}

{{ contact_reasons('week') }}
