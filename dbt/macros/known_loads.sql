{#
  A query of the load ids that raw rows of a domain may be read of: those that this run or an earlier one has pinned. A
  load that lands while a run is going on is in none of its models, and one that never completed is in none at all.
#}
{% macro known_loads(domain) -%}
    select load_id from {{ ref(domain ~ '_load_ids') }}
{%- endmacro %}
