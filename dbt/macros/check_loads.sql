{# Stop when one of the load ids is not of a complete load: a backfill must not silently do less than it was told. #}
{% macro check_loads(ledger, load_ids) -%}
    {%- set complete = run_query("select distinct load_id from " ~ ledger ~ " where status = 0").columns[0].values() -%}
    {%- set unknown = load_ids | reject('in', complete) | list -%}
    {%- if unknown -%}
        {{ exceptions.raise_compiler_error(
            "PARLEY_LOAD_IDS names loads that are not in " ~ ledger ~ ": " ~ unknown | join(', ')
        ) }}
    {%- endif -%}
{%- endmacro %}
