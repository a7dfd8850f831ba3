{#
  An amount in the reporting currency, to the cent, by the rates of `exchange_rates` for the currency of the amount and
  the reporting one, both in any common base; null without a rate. DuckDB multiplies two
  numbers of up to 18 digits into one of 18: the amount is made wider first.
#}
{% macro to_reporting_currency(amount, rate, reporting_rate) -%}
    cast(round(cast({{ amount }} as numeric(24, 4)) * {{ rate }} / {{ reporting_rate }}, 2) as numeric(18, 4))
{%- endmacro %}
