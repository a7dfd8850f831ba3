{#
  What a raw table of events is and has, to be given to event_text, event_number, ...: read once for a model.

  `needed` says whether the shop's figures are wrong without the table. One that is not needed may be missing, as
  RudderStack makes a table with the first event of its kind; it is then taken to be empty.
#}
{% macro event_table(name, needed=true) -%}
    {%- set relation = source('ecommerce_raw', name) -%}
    {%- set columns = {} -%}
    {%- set from = relation -%}
    {%- if execute -%}
        {%- set found = adapter.get_relation(relation.database, relation.schema, relation.identifier) -%}
        {%- if found is none and needed -%}
            {{ exceptions.raise_compiler_error(
                "There is no table " ~ relation.schema ~ "." ~ relation.identifier ~ ". Set rs_schema to the schema that "
                ~ "RudderStack writes to and tbl_ecommerce_" ~ name ~ " to the table, or run: parley unpack rudderstack"
            ) }}
        {%- elif found is none -%}
            {%- set from = '(select 1 as missing where 1 = 0)' -%}
        {%- else -%}
            {%- for column in adapter.get_columns_in_relation(relation) -%}
                {%- do columns.update({column.name | lower: column}) -%}
            {%- endfor -%}
        {%- endif -%}
    {%- endif -%}
    {{ return({'name': name, 'relation': relation, 'from': from, 'columns': columns, 'missing': from != relation}) }}
{%- endmacro %}
