-- A table: a visitor that is recognised late changes what was counted for long ago, and sessions are few beside events.
{{ config(materialized='table', dist='all', sort='activity_date') }}

{{ event_metrics('day', 'activity_date', 'dau') }}
