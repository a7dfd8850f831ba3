{{ config(sort=['user_id', 'timestamp']) }}

-- The events of conversations with all their content, in order, with the session, interaction and form they are in.
-- The one model that reads raw events, and only the conversations of the users that the run touches.

{% set text = 'cast(null as varchar(65535))' %}
{% set number = 'cast(null as double precision)' %}
{% set nothing = {
    'value': text,
    'text': text,
    'confidence': number,
    'input_channel': text,
    'message_id': text,
    'policy': text,
    'action_text': text,
    'slot_value': text,
    'slot_value_type': text,
    'external_session_id': text,
} %}
{# What each kind of event has beside what all have. #}
{% set contents = {
    'event_user': {
        'value': 'landed.parse_data__intent__name',
        'text': 'landed.text',
        'confidence': 'landed.parse_data__intent__confidence',
        'input_channel': 'landed.input_channel',
        'message_id': 'landed.message_id',
    },
    'event_bot': {
        'value': 'landed.metadata__utter_action',
        'text': 'landed.text',
    },
    'event_slot': {
        'value': 'landed.name',
        'slot_value': 'landed.value',
        'slot_value_type': 'landed.value_type',
    },
    'event_action': {
        'value': 'landed.name',
        'confidence': 'landed.confidence',
        'policy': 'landed.policy',
        'action_text': 'landed.action_text',
    },
    'event_active_loop': {
        'value': 'landed.name',
    },
    'event_session_started': {},
} %}
{% if var('external_session_id') != 'sender_id' %}
    {% for table in ['event_user', 'event_session_started'] %}
        {% do contents[table].update(
            {'external_session_id': raw_text(source('chat_raw', table), var('external_session_id'))}
        ) %}
    {% endfor %}
{% endif %}
{% set gap_minutes = var('compat_old_session_gap_minutes') %}
{% set in_order = 'partition by sender_id order by timestamp, _pos' %}
{% set so_far = in_order ~ ' rows between unbounded preceding and current row' %}

with

conversations as (

    select
        sender_id,
        user_id
    from {{ ref('int_chat__sender_users') }}
    where
        is_current
        and {{ touched_users() }}

),

events as (

    {% for table, content in contents.items() -%}
    select
        landed._record_hash,
        landed._pos,
        landed.event,
        {{ utc_timestamp('landed.timestamp') }} as timestamp,
        landed.sender_id,
        conversations.user_id,
        landed.model_id,
        landed.environment,
        {%- for column, empty in nothing.items() %}
        {{ content.get(column, empty) }} as {{ column }}{{ ',' if not loop.last }}
        {%- endfor %}
    from {{ source('chat_raw', table) }} as landed
    inner join conversations on conversations.sender_id = landed.sender_id
    where landed._load_id in ({{ known_loads() }})
    {%- if not loop.last %}

    union all

    {% endif %}
    {%- endfor %}

),

marked as (

    select
        *,
        case when event = 'user' then 1 else 0 end as is_message,
        case when event = 'active_loop' then 1 else 0 end as is_loop,
        case when event = 'active_loop' and value is not null then 1 else 0 end as is_form,
        case
            when event = 'action' and value in ('action_session_start', 'action_restart') then 1 else 0
        end as is_start,
        case when event = 'slot' and value = 'session_started_metadata' then 1 else 0 end as is_metadata
    from events

),

neighbours as (

    select
        *,
        row_number() over ({{ in_order }}) as event_nr,
        lag(is_metadata) over ({{ in_order }}) as previous_is_metadata,
        lead(is_start) over ({{ in_order }}) as next_is_start,
        lag(timestamp) over ({{ in_order }}) as previous_timestamp
    from marked

),

starts as (

    select
        *,
        case
            -- Whatever comes first is in session 1, and has no event before it to compare with.
            when event_nr = 1 then 1
            -- The metadata slot before it has begun the session.
            when is_start = 1 and previous_is_metadata = 1 then 0
            when is_start = 1 then 1
            when is_metadata = 1 and next_is_start = 1 then 1
            {%- if gap_minutes is not none %}
            when timestamp > {{ dbt.dateadd('minute', gap_minutes, 'previous_timestamp') }} then 1
            {%- endif %}
            else 0
        end as starts_session
    from neighbours

),

counted as (

    select
        *,
        cast(sum(starts_session) over ({{ so_far }}) as bigint) as sender_session_nr,
        cast(sum(is_message) over ({{ so_far }}) as bigint) as messages_so_far,
        cast(sum(is_loop) over ({{ so_far }}) as bigint) as loops_so_far,
        cast(sum(is_form) over ({{ so_far }}) as bigint) as forms_so_far
    from starts

),

sender_sessions as (

    select
        sender_id,
        user_id,
        sender_session_nr,
        min(timestamp) as started_at,
        min(messages_so_far - is_message) as messages_before,
        max(messages_so_far) as messages_at_end,
        min(forms_so_far - is_form) as forms_before
    from counted
    group by sender_id, user_id, sender_session_nr

),

sessions as (

    select
        *,
        row_number() over (
            partition by user_id
            order by started_at, sender_id, sender_session_nr
        ) as session_nr
    from sender_sessions

),

-- A loop event opens a form, or closes it with an empty name.
loops as (

    select
        sender_id,
        sender_session_nr,
        loops_so_far,
        value as active_form
    from counted
    where event = 'active_loop'

),

numbered as (

    select
        counted.*,
        sessions.session_nr,
        loops.active_form,
        counted.forms_so_far - sessions.forms_before as active_form_nr,
        counted.messages_so_far - sessions.messages_before as interaction_nr,
        sessions.messages_at_end - counted.messages_so_far as reverse_interaction_nr,
        counted.user_id || '/' || cast(sessions.session_nr as varchar(20)) as session_id
    from counted
    inner join sessions
        on sessions.sender_id = counted.sender_id
        and sessions.sender_session_nr = counted.sender_session_nr
    left join loops
        on loops.sender_id = counted.sender_id
        and loops.sender_session_nr = counted.sender_session_nr
        and loops.loops_so_far = counted.loops_so_far

),

final as (

    select
        -- ids
        _record_hash,
        session_id || '/' || cast(interaction_nr as varchar(20)) as interaction_id,
        session_id,
        sender_id,
        user_id,
        external_session_id,
        model_id,

        -- place
        timestamp,
        _pos,
        event_nr,
        sender_session_nr,
        session_nr,
        interaction_nr,
        reverse_interaction_nr,
        active_form,
        active_form_nr,

        -- content
        event,
        value,
        environment,
        text,
        confidence,
        input_channel,
        message_id,
        policy,
        action_text,
        slot_value,
        slot_value_type
    from numbered

)

select * from final
