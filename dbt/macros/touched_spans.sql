{#
  The condition that limits an incremental run to the days on which the users that its loads touch did something; a full
  build takes all. `time` is the time of an event: a row's own, or that of the first event of its interaction, session,
  sender or user. Goes after `where`.

  Beside the condition on users it changes no result. It says in literals where their rows are, so that a block of rows
  is left unread when its least and greatest time say so: DuckDB and Redshift have these, and no index of users.
#}
{% macro touched_spans(time) -%}
    {#- Outside of the condition, so that dbt sees the dependencies when it parses. -#}
    {%- set of_this_run = spans_of_this_run(time) if is_incremental() or not execute -%}
    {{ of_this_run if is_incremental() else 'true' }}
{%- endmacro %}

{#
  When a model of an older run is repeated, the runs after it may have built further events of its users: the spans of
  those runs count too. The literals serve times with a zone and without one.
#}
{% macro spans_of_this_run(time) -%}
    {%- set pins = ref('chat_load_ids') -%}
    {%- set query -%}
        select distinct
            first_date,
            last_date
        from {{ ref('int_chat__touched_spans') }}
        where run_id in (
            select run_id
            from {{ pins }}
            where pinned_at >= (select max(pinned_at) from {{ pins }} where run_id = {{ pinned_run('chat') }})
        )
    {%- endset -%}
    (
        {{ time }} is null
        {%- for first_date, last_date in (run_query(query).rows if execute else []) %}
        or {{ time }} between '{{ first_date }} 00:00:00+00' and '{{ last_date }} 23:59:59.999999+00'
        {%- endfor %}
    )
{%- endmacro %}
