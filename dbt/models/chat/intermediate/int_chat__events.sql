{{ config(sort='"timestamp"') }}

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
{% set in_touched_spans = touched_spans('landed.timestamp') %}
{% set gap_minutes = var('compat_old_session_gap_minutes') %}
{% set in_order = 'partition by sender_id order by "timestamp", _pos' %}
{% set so_far = in_order ~ ' rows between unbounded preceding and current row' %}

with

conversations as (

    select
        sender_id,
        user_id
    from {{ ref('int_chat__sender_users') }}
    where
        is_current
        and {{ touched_users('first_event_at') }}

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
    where
        landed._load_id in ({{ known_loads('chat') }})
        -- A type of another spelling, User for example, comes to the same table.
        and landed.event = '{{ table | replace('event_', '') }}'
        and {{ in_touched_spans }}
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

{% if gap_minutes is not none -%}
-- A silence counts where nothing else begins a session: not at a start, nor at the metadata slot before it.
silences as (

    select
        *,
        case
            when is_start = 1 then 0
            when is_metadata = 1 and lead(is_start) over ({{ in_order }}) = 1 then 0
            when "timestamp" > {{ dbt.dateadd('minute', gap_minutes, 'lag("timestamp") over (' ~ in_order ~ ')') }} then 1
            else 0
        end as is_silence
    from marked

),

{% endif -%}
-- All that depends on the order comes from one window, because sorting the events is most of the work.
counted as (

    select
        *,
        row_number() over ({{ in_order }}) as event_nr,
        -- The metadata slot before a start is counted with it.
        cast(
            sum({{ 'is_start' if gap_minutes is none else 'is_start + is_silence' }}) over ({{ so_far }})
            + case when is_metadata = 1 and lead(is_start) over ({{ in_order }}) = 1 then 1 else 0 end
            as bigint
        ) as starts_so_far,
        cast(sum(is_message) over ({{ so_far }}) as bigint) as messages_so_far,
        cast(sum(is_loop) over ({{ so_far }}) as bigint) as loops_so_far,
        cast(sum(is_form) over ({{ so_far }}) as bigint) as forms_so_far
    from {{ 'marked' if gap_minutes is none else 'silences' }}

),

spans as (

    select
        sender_id,
        user_id,
        starts_so_far,
        min("timestamp") as started_at,
        min(messages_so_far - is_message) as messages_before,
        max(messages_so_far) as messages_at_end,
        min(forms_so_far - is_form) as forms_before
    from counted
    group by sender_id, user_id, starts_so_far

),

sessions as (

    select
        *,
        -- Whatever comes first is in session 1, a start or not.
        row_number() over (partition by sender_id order by starts_so_far) as sender_session_nr,
        row_number() over (
            partition by user_id
            order by started_at, {{ byte_order('sender_id') }}, starts_so_far
        ) as session_nr
    from spans

),

-- A loop event opens a form, or closes it with an empty name.
loops as (

    select
        sender_id,
        starts_so_far,
        loops_so_far,
        value as active_form
    from counted
    where event = 'active_loop'

),

numbered as (

    select
        counted.*,
        sessions.sender_session_nr,
        sessions.session_nr,
        loops.active_form,
        counted.forms_so_far - sessions.forms_before as active_form_nr,
        counted.messages_so_far - sessions.messages_before as interaction_nr,
        sessions.messages_at_end - counted.messages_so_far as reverse_interaction_nr,
        counted.user_id || '/' || cast(sessions.session_nr as varchar(20)) as session_id
    from counted
    inner join sessions
        on sessions.sender_id = counted.sender_id
        and sessions.starts_so_far = counted.starts_so_far
    left join loops
        on loops.sender_id = counted.sender_id
        and loops.starts_so_far = counted.starts_so_far
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
        "timestamp",
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
order by "timestamp"
