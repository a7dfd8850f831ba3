{#
  A number as an amount, numeric(18, 4); null when it is too large to be counted in cents. Ids and amounts are what a client
  sends, and one that is odd must not stop a run.
#}
{% macro amount(number) -%}
    case when abs({{ number }}) < 1e12 then cast({{ number }} as numeric(18, 4)) end
{%- endmacro %}
