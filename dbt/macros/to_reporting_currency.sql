{#
  An amount in the reporting currency, to the cent, by the rates of `exchange_rates` for the currency of the amount and
  the reporting one, both in any common base; null without a rate.

  In double precision, as a quotient of exact numbers has 4 places on Redshift and any on PostgreSQL; what half a cent is, is
  decided by its first 8 places.
#}
{% macro to_reporting_currency(value, rate, reporting_rate) -%}
    {%- set converted = "(cast(" ~ value ~ " as double precision) * " ~ rate ~ " / " ~ reporting_rate ~ ")" -%}
    case when abs({{ converted }}) < 1e12 then cast(round(cast({{ converted }} as numeric(28, 8)), 2) as numeric(18, 4)) end
{%- endmacro %}
