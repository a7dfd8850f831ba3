{{ config(sort='session_initiation_timestamp') }}

{% set metrics = special_event_metrics() %}

with

interactions as (

    select *
    from {{ ref('interactions') }}
    where {{ touched_users('interaction_initiation_timestamp') }}

),

forms as (

    select
        session_id,
        count(distinct value) as distinct_forms_count
    from {{ ref('int_chat__events') }}
    where
        event = 'active_loop'
        and value is not null
        and {{ touched_users('"timestamp"') }}
    group by session_id

),

totals as (

    select
        session_id,
        user_id,
        sender_id,
        session_nr,
        sender_session_nr,
        min(interaction_initiation_timestamp) as session_initiation_timestamp,
        min(interaction_start_timestamp) as session_start_timestamp,
        max(interaction_end_timestamp) as session_end_timestamp,
        count(interaction_start_timestamp) as interactions_count,
        count(distinct story_intent) as distinct_story_intents_count,
        max(environment) as environment,
        {%- for metric in metrics %}
        cast(sum({{ metric }}_count) as bigint) as {{ metric }}_count,
        {%- endfor %}
        min(interaction_nr) as first_nr,
        min(case when story_intent is not null then interaction_nr end) as first_story_nr,
        min(case when interaction_model_id is not null then interaction_nr end) as first_model_nr
    from interactions
    group by
        session_id,
        user_id,
        sender_id,
        session_nr,
        sender_session_nr

),

final as (

    select
        -- ids
        totals.session_id,
        totals.user_id,
        totals.sender_id,
        firsts.external_session_id,

        -- place
        totals.session_nr,
        totals.sender_session_nr,
        case when totals.session_nr = 1 then 'new' else 'returning' end as new_returning_session,

        -- timestamps
        totals.session_initiation_timestamp,
        totals.session_start_timestamp,
        totals.session_end_timestamp,
        cast(
            {{ dbt.datediff('session_initiation_timestamp', 'session_end_timestamp', 'second') }} as bigint
        ) as session_duration_seconds,

        -- what it was about
        totals.interactions_count,
        coalesce(forms.distinct_forms_count, 0) as distinct_forms_count,
        totals.distinct_story_intents_count,
        first_stories.story_intent as first_story_intent,
        first_models.interaction_model_id as first_model_id,
        totals.environment,

        -- metrics
        {%- for metric in metrics %}
        totals.{{ metric }}_count,
        case when totals.{{ metric }}_count > 0 then totals.session_id end as {{ metric }}_session_id,
        {%- endfor %}
        totals.interactions_count = 0 as is_bounced,
        case when totals.interactions_count = 0 then totals.session_id end as bounced_session_id
    from totals
    inner join interactions as firsts
        on firsts.session_id = totals.session_id
        and firsts.interaction_nr = totals.first_nr
    left join interactions as first_stories
        on first_stories.session_id = totals.session_id
        and first_stories.interaction_nr = totals.first_story_nr
    left join interactions as first_models
        on first_models.session_id = totals.session_id
        and first_models.interaction_nr = totals.first_model_nr
    left join forms
        on forms.session_id = totals.session_id

)

select * from final
order by session_initiation_timestamp
