{#
  The items of a JSON list in a text column, as a query: the `key` columns, `item_nr` from 1, and `item` as text (for
  json_text). A text that is no list has no items.
#}
{% macro json_items(relation, keys, column) -%}
    {{ return(adapter.dispatch('json_items')(relation, keys, column)) }}
{%- endmacro %}

{% macro default__json_items(relation, keys, column) -%}
    select
        {% for key in keys %}listed.{{ key }},
        {% endfor -%}
        cast(items.item_nr as integer) as item_nr,
        cast(items.item as varchar) as item
    from {{ relation }} as listed
    cross join json_array_elements(
        case when trim(listed.{{ column }}) like '[%]' then cast(listed.{{ column }} as json) else '[]' end
    ) with ordinality as items (item, item_nr)
{%- endmacro %}

{% macro duckdb__json_items(relation, keys, column) -%}
    select
        {% for key in keys %}listed.{{ key }},
        {% endfor -%}
        cast(items.item_nr as integer) as item_nr,
        cast(items.item as varchar) as item
    from {{ relation }} as listed
    cross join unnest(
        case when json_valid(listed.{{ column }}) then json_extract(listed.{{ column }}, '$[*]') end
    ) with ordinality as items (item, item_nr)
{%- endmacro %}

{% macro redshift__json_items(relation, keys, column) -%}
    select
        {% for key in keys %}listed.{{ key }},
        {% endfor -%}
        cast(item_index + 1 as integer) as item_nr,
        cast(json_serialize(item) as varchar(65535)) as item
    from (
        select
            {% for key in keys %}{{ key }},
            {% endfor -%}
            json_parse(case when is_valid_json_array({{ column }}) then {{ column }} else '[]' end) as items
        from {{ relation }}
    ) as listed,
    listed.items as item at item_index
{%- endmacro %}
