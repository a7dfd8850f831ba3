{#
  A column of a raw table as text, or null when the bot's events never had it, which is logged. A value that did not
  fit the column's first type is in a variant column beside it, `<column>__v_<type>`.
#}
{% macro raw_text(relation, column) -%}
    {%- if not execute -%}{{ return('null') }}{%- endif -%}
    {%- set names = [] -%}
    {%- for candidate in adapter.get_columns_in_relation(relation) -%}
        {%- if candidate.name == column or candidate.name.startswith(column ~ '__v_') -%}
            {%- do names.append("nullif(trim(" ~ column_text(candidate) ~ "), '')") -%}
        {%- endif -%}
    {%- endfor -%}
    {%- if not names -%}
        {%- do exceptions.warn(relation ~ " has no column " ~ column ~ ": it is taken to be null.") -%}
        {{ return('cast(null as varchar(65535))') }}
    {%- endif -%}
    {{ return(names[0] if names | length == 1 else 'coalesce(' ~ names | sort | join(', ') ~ ')') }}
{%- endmacro %}
