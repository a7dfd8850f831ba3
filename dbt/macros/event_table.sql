{#
  What a raw table of events is and has, to be given to event_text, event_number, ...: read once for a model.

  `needed` says whether the shop's figures are wrong without the table. One that is not needed may be missing, as
  RudderStack makes a table with the first event of its kind; it is then taken to be empty.
#}
{% macro event_table(name, needed=true) -%}
    {%- set relation = source('ecommerce_raw', name) -%}
    {%- set columns = {} -%}
    {%- set from = relation -%}
    {%- set missing = false -%}
    {%- if execute -%}
        {%- set found = existing_relation(relation) -%}
        {%- if found is none and needed -%}
            {{ exceptions.raise_compiler_error(
                "There is no table " ~ relation.schema ~ "." ~ relation.identifier ~ ". Set RS_SCHEMA (without Airflow "
                ~ "the variable rs_schema) to the schema that RudderStack writes to and the variable tbl_ecommerce_" ~ name
                ~ " to the table, or run: parley unpack rudderstack"
            ) }}
        {%- elif found is none -%}
            {%- set from = '(select 1 as missing where 1 = 0)' -%}
            {%- set missing = true -%}
        {%- else -%}
            {%- for column in adapter.get_columns_in_relation(relation) -%}
                {%- do columns.update({column.name | lower: column}) -%}
            {%- endfor -%}
            {%- if '_load_id' not in columns -%}
                {%- if var('rs_load_timestamp') | lower not in columns -%}
                    {{ exceptions.raise_compiler_error(
                        relation.schema ~ "." ~ relation.identifier ~ " has no column " ~ var('rs_load_timestamp')
                        ~ ". Set RS_LOAD_TIMESTAMP (without Airflow the variable rs_load_timestamp) to the column with the "
                        ~ "time a row was loaded at."
                    ) }}
                {%- endif -%}
                {%- set table = {'name': name, 'relation': relation, 'columns': columns, 'missing': false} -%}
                {%- set from = registered_loads(
                    relation,
                    event_text(table, 'id', needed=true),
                    event_time(table, var('rs_load_timestamp'), needed=true),
                    event_time(table, 'timestamp', needed=true)
                ) -%}
                {%- do columns.update({'_load_id': {'name': '_load_id', 'dtype': 'varchar'}}) -%}
            {%- endif -%}
        {%- endif -%}
    {%- endif -%}
    {{ return({'name': name, 'relation': relation, 'from': from, 'columns': columns, 'missing': missing}) }}
{%- endmacro %}
