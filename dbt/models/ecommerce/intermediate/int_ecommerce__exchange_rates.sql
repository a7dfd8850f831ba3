-- A view of a seed: a few rows.
{{ config(materialized='view') }}

with

rates as (

    select
        currency,
        valid_from,
        rate,
        lead(valid_from) over (partition by currency order by valid_from) as valid_until
    from {{ ref('exchange_rates') }}

),

-- Rates of every currency over the days on which neither it nor the reporting currency changes.
final as (

    select
        rates.currency,
        greatest(rates.valid_from, reporting.valid_from) as valid_from,
        least(
            coalesce(rates.valid_until, cast('9999-12-31' as date)),
            coalesce(reporting.valid_until, cast('9999-12-31' as date))
        ) as valid_until,
        rates.rate,
        reporting.rate as reporting_rate
    from rates
    inner join rates as reporting
        on reporting.currency = {{ sql_string(var('reporting_currency')) }}
        and reporting.valid_from < coalesce(rates.valid_until, cast('9999-12-31' as date))
        and rates.valid_from < coalesce(reporting.valid_until, cast('9999-12-31' as date))

)

select * from final
