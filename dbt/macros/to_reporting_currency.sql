{#
  An amount in the reporting currency, to the cent, by the rates of `exchange_rates` for the currency of the amount and
  the reporting one, both in any common base; null without a rate.
#}
{% macro to_reporting_currency(amount, rate, reporting_rate) -%}
    cast(round(cast({{ amount }} as numeric(18, 4)) * {{ rate }} / {{ reporting_rate }}, 2) as numeric(18, 4))
{%- endmacro %}
