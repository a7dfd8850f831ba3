{# A column of a relation (`adapter.get_columns_in_relation`) as text, true and false too: Redshift does not cast these. #}
{% macro column_text(column) -%}
    {%- set quoted = adapter.quote(column.name) -%}
    {%- if column.dtype | lower in ('boolean', 'bool') -%}
        case when {{ quoted }} then 'true' when not {{ quoted }} then 'false' end
    {%- else -%}
        cast({{ quoted }} as varchar(65535))
    {%- endif -%}
{%- endmacro %}
