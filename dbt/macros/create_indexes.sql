{#
  Indexes are PostgreSQL's. DuckDB would keep them up to date for little gain: it knows the least and greatest value of
  each block of rows. Redshift has none; the keys of distribution and order stand in their place.
#}
{% macro duckdb__create_indexes(relation) -%}
{%- endmacro %}

{% macro redshift__create_indexes(relation) -%}
{%- endmacro %}
