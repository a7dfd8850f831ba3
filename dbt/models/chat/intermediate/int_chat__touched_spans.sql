{{ keep_by_run('chat') }}
{{ config(indexes=[]) }}

-- Where in time the rows of a run's users are: the days with events of all their conversations, those that have moved
-- to another user too, as spans. They are few, because each is a condition of every query that looks for these rows.

{% set most_spans = 20 %}

with

conversations as (

    select sender_id
    from {{ ref('int_chat__sender_users') }}
    where {{ of_this_run('user_id', ref('int_chat__touched_users'), 'chat') }}

),

days as (

    select distinct event_date
    from {{ ref('int_chat__sender_days') }}
    where sender_id in (select sender_id from conversations)

),

gaps as (

    select
        event_date,
        {{ dbt.datediff('lag(event_date) over (order by event_date)', 'event_date', 'day') }} as days_since
    from days

),

-- The widest gaps part the spans; days without events in the others are read in vain, at worst.
ranked as (

    select
        event_date,
        days_since,
        row_number() over (order by coalesce(days_since, 0) desc, event_date) as gap_nr
    from gaps

),

numbered as (

    select
        event_date,
        sum(case when days_since > 1 and gap_nr < {{ most_spans }} then 1 else 0 end) over (
            order by event_date
            rows between unbounded preceding and current row
        ) as span_nr
    from ranked

),

final as (

    select
        {{ pinned_run('chat') }} as run_id,
        min(event_date) as first_date,
        max(event_date) as last_date
    from numbered
    group by span_nr

)

select * from final
