{# The date that a text begins with (`1990-02-28`, `2024-01-01T10:00:00Z`); null when it begins with none. #}
{% macro text_date(text) -%}
    {%- set first_day = "cast(substring(" ~ text ~ ", 1, 7) || '-01' as date)" -%}
    {%- set day = "cast(substring(" ~ text ~ ", 9, 2) as integer)" -%}
    {%- set date = "cast(" ~ dbt.dateadd('day', day ~ " - 1", first_day) ~ " as date)" -%}
    {#- Counted on from the first of the month, so that 30 February is no error but another month. -#}
    case
        when
            substring({{ text }}, 1, 10) similar to '[0-9][0-9][0-9][0-9]-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])'
            and substring({{ text }}, 1, 4) <> '0000'
            then case when extract(month from {{ date }}) = cast(substring({{ text }}, 6, 2) as integer) then {{ date }} end
    end
{%- endmacro %}
