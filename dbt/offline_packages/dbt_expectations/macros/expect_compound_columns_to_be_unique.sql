{# No two rows have the same values in all of these columns; rows that have none in any, or in all, of them are left out. #}
{% test expect_compound_columns_to_be_unique(
    model, column_list, quote_columns=false, ignore_row_if='all_values_are_missing', row_condition=none
) %}
    {%- if ignore_row_if not in ('all_values_are_missing', 'any_value_is_missing') -%}
        {{ exceptions.raise_compiler_error("ignore_row_if is all_values_are_missing or any_value_is_missing.") }}
    {%- endif -%}
    {%- set columns = [] -%}
    {%- for column in column_list -%}
        {%- do columns.append(adapter.quote(column) if quote_columns else column) -%}
    {%- endfor %}
    {%- set between = ' or ' if ignore_row_if == 'all_values_are_missing' else ' and ' %}
    select
        {{ columns | join(', ') }},
        count(*) as rows_count
    from {{ model }}
    where
        ({{ row_condition or 'true' }})
        and ({{ columns | join(' is not null' ~ between) }} is not null)
    group by {{ columns | join(', ') }}
    having count(*) > 1
{% endtest %}
