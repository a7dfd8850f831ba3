{#
  Columns of a raw table of events (`table` is what event_table gave), in the types that the staging models have.

  A column is called as in RudderStack's e-commerce specification, or as the variable col_ecommerce_<table>_<name> says.
  RudderStack makes a column with the first value in it, so one that is not needed may be missing and is null.
  A value that did not fit the column's first type is in a variant column beside it, `<column>__v_<type>`.
#}

{# The raw columns of a name: usually one. #}
{% macro event_columns(table, name, needed=false) -%}
    {%- set variable = 'col_ecommerce_' ~ table.name ~ '_' ~ name -%}
    {%- set wanted = var(variable, none) or name -%}
    {%- set found = [] -%}
    {%- for column_name, column in table.columns.items() -%}
        {%- if column_name == wanted | lower or column_name.startswith((wanted | lower) ~ '__v_') -%}
            {%- do found.append(column) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- if execute and not found and not table.missing and (needed or wanted != name) -%}
        {{ exceptions.raise_compiler_error(
            table.relation.schema ~ "." ~ table.relation.identifier ~ " has no column " ~ wanted ~ ". Set the variable "
            ~ variable ~ " to the column that holds the event's " ~ name ~ "."
        ) }}
    {%- endif -%}
    {{ return(found) }}
{%- endmacro %}

{# As text; blank is null. #}
{% macro event_text(table, name, needed=false) -%}
    {%- set values = [] -%}
    {%- for column in event_columns(table, name, needed) -%}
        {%- do values.append("nullif(trim(" ~ column_text(column) ~ "), '')") -%}
    {%- endfor -%}
    {{ return(first_of(values, 'varchar(65535)')) }}
{%- endmacro %}

{# As numeric(18, 4), exact: amounts are added up. What is no number, or too large for one, is null. #}
{% macro event_number(table, name, needed=false) -%}
    {%- set values = [] -%}
    {%- for column in event_columns(table, name, needed) -%}
        {%- set quoted = adapter.quote(column.name) -%}
        {%- if modules.re.match('double|float|real|numeric|decimal|.*int', column.dtype | lower) -%}
            {%- do values.append(amount(quoted)) -%}
        {%- else -%}
            {%- do values.append(text_number("trim(" ~ column_text(column) ~ ")")) -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(first_of(values, 'numeric(18, 4)')) }}
{%- endmacro %}

{#
  As a time in UTC without zone. A column that is no time gives the date that its text begins with; where the time of day
  is needed, that is an error.
#}
{% macro event_time(table, name, needed=false) -%}
    {%- set values = [] -%}
    {%- for column in event_columns(table, name, needed) -%}
        {%- if column_time(column) -%}
            {%- do values.append(column_time(column)) -%}
        {%- elif needed -%}
            {{ exceptions.raise_compiler_error(
                "The column " ~ column.name ~ " of " ~ table.relation.schema ~ "." ~ table.relation.identifier ~ " is "
                ~ column.dtype ~ " and no timestamp. Set the variable col_ecommerce_" ~ table.name ~ "_" ~ name
                ~ " to a column of a time type."
            ) }}
        {%- else -%}
            {%- do values.append("cast(" ~ text_date(column_text(column)) ~ " as timestamp)") -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(first_of(values, 'timestamp')) }}
{%- endmacro %}

{# A column of a time type as a time in UTC without zone; none for one of another type. #}
{% macro column_time(column) -%}
    {%- set quoted = adapter.quote(column.name) -%}
    {%- if modules.re.search('with time zone|timestamptz', column.dtype | lower) -%}
        {{ return(utc_timestamp(quoted)) }}
    {%- elif modules.re.match('timestamp|datetime|date', column.dtype | lower) -%}
        {{ return("cast(" ~ quoted ~ " as timestamp)") }}
    {%- endif -%}
    {{ return(none) }}
{%- endmacro %}

{# As a date: that of a time in UTC, or that with which a text begins. #}
{% macro event_date(table, name) -%}
    {%- set values = [] -%}
    {%- for column in event_columns(table, name) -%}
        {%- if column_time(column) -%}
            {%- do values.append("cast(" ~ column_time(column) ~ " as date)") -%}
        {%- else -%}
            {%- do values.append(text_date("trim(" ~ column_text(column) ~ ")")) -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(first_of(values, 'date')) }}
{%- endmacro %}

{# As true, false or null. #}
{% macro event_boolean(table, name, needed=false) -%}
    {%- set value = "lower(" ~ event_text(table, name, needed) ~ ")" -%}
    {{ return(
        "case when " ~ value ~ " in ('true', 't', 'yes', '1', '1.0') then true "
        ~ "when " ~ value ~ " in ('false', 'f', 'no', '0', '0.0') then false end"
    ) }}
{%- endmacro %}

{% macro first_of(values, type) -%}
    {%- if not values -%}
        {{ return('cast(null as ' ~ type ~ ')') }}
    {%- endif -%}
    {{ return(values[0] if values | length == 1 else 'coalesce(' ~ values | join(', ') ~ ')') }}
{%- endmacro %}
