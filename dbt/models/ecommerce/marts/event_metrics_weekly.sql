-- A table: a visitor that is recognised late changes what was counted for long ago, and sessions are few beside events.
{{ config(materialized='table', dist='all', sort='week_start') }}

{{ event_metrics('week', 'week_start', 'wau') }}
