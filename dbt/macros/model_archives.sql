{#
  A query of what is known of a bot's models beside their events, by model_id: what `parley unpack model` has landed.
  Without rows where nothing ever has. Only loads that are complete are read; they are not pinned, as the whole is read
  by each run.
#}
{% macro model_archives() -%}
    {%- set model = source('chat_model', 'model') -%}
    {%- set ledger = source('chat_model', '_loads') -%}
    {%- set texts = ['rasa_version', 'assistant_id', 'language'] -%}
    {%- set counts = [
        'intents_count', 'entities_count', 'slots_count', 'forms_count', 'responses_count', 'actions_count'
    ] -%}
    {%- if not execute or existing_relation(model) -%}
    select
        model_id,
        name as archive_name,
        {{ utc_timestamp('trained_at') }} as trained_at,
        {%- for column in texts + counts %}
        {{ column }}{{ ',' if not loop.last }}
        {%- endfor %}
    from {{ model }}
    where _load_id in (select load_id from {{ ledger }} where status = 0)
    {%- else -%}
    select
        cast(null as varchar(65535)) as model_id,
        cast(null as varchar(65535)) as archive_name,
        cast(null as timestamp) as trained_at,
        {%- for column in texts %}
        cast(null as varchar(65535)) as {{ column }},
        {%- endfor %}
        {%- for column in counts %}
        cast(null as bigint) as {{ column }}{{ ',' if not loop.last }}
        {%- endfor %}
    where 1 = 0
    {%- endif -%}
{%- endmacro %}
