{#
  The variable `card_types` as literals of an SQL list, in lower case: a list, or the text of an SQL list as
  RudderStack's project writes it, "('mastercard', 'visa')".
#}
{% macro profile_card_types() -%}
    {%- set types = var('card_types') -%}
    {%- if types is string -%}
        {%- set types = modules.re.findall("[^()',\\s](?:[^()',]*[^()',\\s])?", types) -%}
    {%- endif -%}
    {%- if not types -%}
        {{ exceptions.raise_compiler_error(
            "The variable card_types is empty. It names the payment methods that are credit cards, [mastercard, visa] "
            ~ "for example."
        ) }}
    {%- endif -%}
    {%- for type in types %}{{ sql_string(type | lower) }}{{ ', ' if not loop.last }}{% endfor -%}
{%- endmacro %}
