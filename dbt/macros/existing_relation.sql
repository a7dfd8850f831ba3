{#
  A relation that dbt does not build, as a table of a raw schema; none where there is none.

  adapter.get_relation by itself may say so too early: dbt takes a schema for known when a thread has noted the first
  relation in it, and the others are still to come. So what it does not know is looked for once more.
#}
{% macro existing_relation(relation) -%}
    {%- set known = adapter.get_relation(relation.database, relation.schema, relation.identifier) -%}
    {%- if known is none -%}
        {#- Rows of database, name, schema and type, whatever an adapter calls them. -#}
        {%- for row in list_relations_without_caching(relation.without_identifier()) -%}
            {%- if row[1] | lower == relation.identifier | lower -%}
                {{ return(relation) }}
            {%- endif -%}
        {%- endfor -%}
    {%- endif -%}
    {{ return(known) }}
{%- endmacro %}
