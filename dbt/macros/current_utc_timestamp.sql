{# Now, in UTC, without zone, to the microsecond. #}
{% macro current_utc_timestamp() -%}
    {{ return(adapter.dispatch('current_utc_timestamp')()) }}
{%- endmacro %}

{% macro default__current_utc_timestamp() -%}
    {{ utc_timestamp('current_timestamp') }}
{%- endmacro %}

{# current_timestamp is the leader node's alone, and getdate() has whole seconds. #}
{% macro redshift__current_utc_timestamp() -%}
    sysdate
{%- endmacro %}
