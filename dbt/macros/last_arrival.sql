{#
  A query of when the newest of a domain's known loads arrived (UTC): the time of which the domain's tables are. A run
  that is repeated has the same.
#}
{% macro last_arrival(domain) -%}
    select max({{ utc_timestamp('inserted_at') }}) as arrived_at
    from {{ source(domain ~ '_raw', '_loads') }}
    where
        status = 0
        and load_id in ({{ known_loads(domain) }})
{%- endmacro %}
