{# The date in a variable, written as the variable date_format says. #}
{% macro date_of_var(name) -%}
    {%- set text = var(name) | string -%}
    {%- set pattern = modules.re.escape(var('date_format'))
        .replace('YYYY', '[0-9]{4}')
        .replace('MM', '(0[1-9]|1[0-2])')
        .replace('DD', '(0[1-9]|[12][0-9]|3[01])') -%}
    {%- if not modules.re.fullmatch(pattern, text) -%}
        {{ exceptions.raise_compiler_error(
            "The variable " ~ name ~ " is '" ~ text ~ "'. Write a date as date_format says, " ~ var('date_format')
            ~ (", or 'now'." if name == 'end_date' else ".")
        ) }}
    {%- endif -%}
    {%- set format = var('date_format').replace('YYYY', '%Y').replace('MM', '%m').replace('DD', '%d') -%}
    {{ return(modules.datetime.datetime.strptime(text, format)) }}
{%- endmacro %}
