{# The number in a text, as numeric(18, 4); null when it is none, or too large. #}
{% macro text_number(text) -%}
    case
        when {{ text }} similar to '[-+]?([0-9]{1,12}([.][0-9]*)?|[.][0-9]+)'
            then cast({{ text }} as numeric(18, 4))
    end
{%- endmacro %}
