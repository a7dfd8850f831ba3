{#
  The relation is there and has these columns. It stops with a message that says what to do, which a count of failing
  rows would not.
#}
{% test has_columns(model, columns) %}
    {%- if execute -%}
        {%- set relation = existing_relation(model) -%}
        {%- if relation is none -%}
            {{ exceptions.raise_compiler_error(
                "There is no table " ~ model.schema ~ "." ~ model.identifier ~ ". Was anything unpacked yet? Run: parley "
                ~ ("unpack rasa SOURCE --bot " ~ var('source_schema_prefix')
                    ~ " (and is the variable source_schema_prefix right?)"
                    if model.schema.endswith('_event') else "unpack --help")
            ) }}
        {%- endif -%}
        {%- set found = adapter.get_columns_in_relation(relation) | map(attribute='name') | list -%}
        {%- set missing = columns | reject('in', found) | list -%}
        {%- if missing -%}
            {{ exceptions.raise_compiler_error(
                model.schema ~ "." ~ model.identifier ~ " lacks the columns " ~ missing | join(', ')
                ~ ". It was not made by this version of the unpacking engine."
            ) }}
        {%- endif -%}
    {%- endif -%}
    select 1 as missing where 1 = 0
{% endtest %}
