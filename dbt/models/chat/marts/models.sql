{{
    config(
        materialized='table',
        dist='all',
        indexes=[],
    )
}}

-- A few rows, made anew by each run: the archive of a model may land long after its events.

-- depends_on: {{ ref('int_chat__events') }}
-- After the events, so that the test of the events' model ids runs when both are there.

with

spans as (

    select * from {{ ref('int_chat__model_spans') }}

),

archives as (

    {{ model_archives() }}

),

seen as (

    select
        spans.model_id,
        spans.first_seen_at,
        spans.last_seen_at,
        archives.archive_name,
        archives.trained_at,
        archives.rasa_version,
        archives.assistant_id,
        archives.language,
        archives.intents_count,
        archives.entities_count,
        archives.slots_count,
        archives.forms_count,
        archives.responses_count,
        archives.actions_count
    from spans
    left join archives
        on spans.model_id = archives.model_id

),

final as (

    select
        model_id,
        {{ model_name() }} as model_name,
        archive_name,
        trained_at,
        rasa_version,
        assistant_id,
        language,
        intents_count,
        entities_count,
        slots_count,
        forms_count,
        responses_count,
        actions_count,
        first_seen_at,
        last_seen_at
    from seen

)

select * from final
