{{ config(sort='interaction_initiation_timestamp') }}

{% set metrics = special_event_metrics() %}

with

events as (

    select *
    from {{ ref('int_chat__events') }}
    where {{ touched_users('"timestamp"') }}

),

special_events as (

    {{ special_events() }}

),

-- The number of the event that something is taken from comes first, the something by a join: the first of a kind in
-- a group, in one SQL for all warehouses.
spans as (

    select
        interaction_id,
        session_id,
        user_id,
        sender_id,
        session_nr,
        sender_session_nr,
        interaction_nr,
        reverse_interaction_nr,
        min("timestamp") as interaction_initiation_timestamp,
        min(case when event = 'user' then "timestamp" end) as interaction_start_timestamp,
        max("timestamp") as interaction_end_timestamp,
        max(case when event = 'user' then value end) as intent,
        max(environment) as environment,
        -- Slots carried over from an older session keep the model that set them.
        coalesce(
            min(case when event <> 'slot' and model_id is not null then event_nr end),
            min(case when model_id is not null then event_nr end)
        ) as model_event_nr,
        max(case when active_form is not null then event_nr end) as form_event_nr,
        min(case when external_session_id is not null then event_nr end) as external_event_nr
    from events
    group by
        interaction_id,
        session_id,
        user_id,
        sender_id,
        session_nr,
        sender_session_nr,
        interaction_nr,
        reverse_interaction_nr

),

neighbours as (

    select
        *,
        lag(interaction_id) over (partition by session_id order by interaction_nr) as previous_interaction_id,
        coalesce(external_event_nr, min(external_event_nr) over (partition by session_id)) as known_external_event_nr
    from spans

),

counts as (

    select
        events.interaction_id,
        max(case when special_events.metric = 'story_intent' then events.value end) as story_intent,
        {%- for metric in metrics %}
        cast(sum(case when special_events.metric = '{{ metric }}' then 1 else 0 end) as bigint) as {{ metric }}_count
        {{- ',' if not loop.last }}
        {%- endfor %}
    from events
    inner join special_events
        on special_events.name = events.value
        and special_events.event = case events.event when 'user' then 'intent' when 'action' then 'action' end
    group by events.interaction_id

),

final as (

    select
        -- ids
        neighbours.interaction_id,
        neighbours.session_id,
        neighbours.user_id,
        neighbours.sender_id,
        coalesce(externals.external_session_id, neighbours.sender_id) as external_session_id,

        -- place
        neighbours.session_nr,
        neighbours.sender_session_nr,
        neighbours.interaction_nr,
        neighbours.reverse_interaction_nr,

        -- timestamps
        neighbours.interaction_initiation_timestamp,
        neighbours.interaction_start_timestamp,
        neighbours.interaction_end_timestamp,

        -- what it was about
        neighbours.intent,
        counts.story_intent,
        forms.active_form as interaction_active_form,
        models.model_id as interaction_model_id,
        neighbours.environment,

        -- metrics
        {%- for metric in metrics %}
        coalesce(counts.{{ metric }}_count, 0) as {{ metric }}_count,
        {%- endfor %}

        -- keys of the rows of this interaction and the one before it, for tools that join by one column each
        neighbours.interaction_id as interaction_user_fk,
        neighbours.interaction_id as interaction_bot_fk,
        neighbours.interaction_id as interaction_slot_fk,
        neighbours.interaction_id as interaction_action_fk,
        neighbours.previous_interaction_id as previous_interaction_user_fk,
        neighbours.previous_interaction_id as previous_interaction_bot_fk,
        neighbours.previous_interaction_id as previous_interaction_slot_fk,
        neighbours.previous_interaction_id as previous_interaction_action_fk
    from neighbours
    left join counts
        on counts.interaction_id = neighbours.interaction_id
    left join events as models
        on models.sender_id = neighbours.sender_id
        and models.event_nr = neighbours.model_event_nr
    left join events as forms
        on forms.sender_id = neighbours.sender_id
        and forms.event_nr = neighbours.form_event_nr
        -- As the number says already; it keeps the join small.
        and forms.active_form is not null
    left join events as externals
        on externals.sender_id = neighbours.sender_id
        and externals.event_nr = neighbours.known_external_event_nr
        and externals.external_session_id is not null

)

select * from final
order by interaction_initiation_timestamp
