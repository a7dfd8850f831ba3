-- Without a rate of the reporting currency no amount is converted, and every revenue is 0.
with

rates as (

    select *
    from {{ ref('exchange_rates') }}
    where currency = {{ sql_string(var('reporting_currency')) }}

),

rates_count as (

    select count(*) as found
    from rates

)

select
    {{ sql_string(var('reporting_currency')) }} as reporting_currency,
    'Add a row for it to seeds/ecommerce/exchange_rates.csv, or set the variable reporting_currency to a currency there.'
        as what_to_do
from rates_count
where found = 0
