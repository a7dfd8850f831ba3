{#
  Until when the features of the user profile look: a timestamp expression (UTC, without zone), exclusive. It comes from
  PARLEY_END_DATE (ISO; Airflow gives the logical date), else from the variable end_date. A date is the whole of that
  day, so `2024-02-15` is 2024-02-16 00:00:00; a time is that time; `now` is when dbt was started.
  Use it as `occurred_at < {{ as_of() }}`.
#}
{% macro as_of() -%}
    {%- set given = (env_var('PARLEY_END_DATE', '') if execute else '') | trim -%}
    {%- set end_date = var('end_date') | string -%}
    {%- if given -%}
        {%- if not modules.re.fullmatch(
            '[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])([T ][0-9]{2}:[0-9]{2}.*)?', given
        ) -%}
            {{ exceptions.raise_compiler_error(
                "PARLEY_END_DATE is '" ~ given ~ "'. Set it to a date or a time, 2024-02-15 or 2024-02-15T07:00:00."
            ) }}
        {%- endif -%}
        {%- set end = modules.datetime.datetime.fromisoformat(given.replace('Z', '+00:00')) -%}
        {%- set is_date = given | length == 10 -%}
    {%- elif end_date | lower == 'now' -%}
        {%- set end = run_started_at -%}
        {%- set is_date = false -%}
    {%- else -%}
        {%- set end = date_of_var('end_date') -%}
        {%- set is_date = true -%}
    {%- endif -%}
    {%- if end.tzinfo -%}
        {%- set end = end.astimezone(modules.pytz.utc).replace(tzinfo=none) -%}
    {%- endif -%}
    {%- if is_date -%}
        {%- set end = end + modules.datetime.timedelta(days=1) -%}
    {%- endif -%}
    {{ return("cast('" ~ end.strftime('%Y-%m-%d %H:%M:%S') ~ "' as timestamp)") }}
{%- endmacro %}
