{{ config(sort='date_day') }}

-- depends_on: {{ ref('fct_conversation_lifecycle') }}
-- After the facts, so that the tests of their dates run when both are there.

{% set days = (modules.datetime.date(2101, 1, 1) - modules.datetime.date(2016, 1, 1)).days %}
{% set months = [
    'January', 'February', 'March', 'April', 'May', 'June', 'July', 'August', 'September', 'October', 'November',
    'December',
] %}
{% set weekdays = ['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday'] %}

with

numbers as (

    {{ dbt.generate_series(days) }}

),

days as (

    select cast({{ dbt.dateadd('day', 'cast(generated_number - 1 as integer)', "cast('2016-01-01' as date)") }} as date) as date_day
    from numbers

),

parts as (

    select
        date_day,
        cast(extract(year from date_day) as integer) as year_nr,
        cast(extract(quarter from date_day) as integer) as quarter_nr,
        cast(extract(month from date_day) as integer) as month_nr,
        cast(extract(day from date_day) as integer) as day_of_month,
        cast(extract(doy from date_day) as integer) as day_of_year,
        cast(extract(week from date_day) as integer) as iso_week_nr,
        -- Sunday is 0 everywhere.
        case when extract(dow from date_day) = 0 then 7 else cast(extract(dow from date_day) as integer) end
            as iso_weekday_nr
    from days

),

final as (

    select
        date_day,
        year_nr,
        quarter_nr,
        month_nr,
        case month_nr
            {%- for month in months %}
            when {{ loop.index }} then '{{ month }}'
            {%- endfor %}
        end as month_name,
        day_of_month,
        day_of_year,
        -- A week belongs to the year of its Thursday.
        cast(extract(year from {{ dbt.dateadd('day', '4 - iso_weekday_nr', 'date_day') }}) as integer) as iso_year_nr,
        iso_week_nr,
        iso_weekday_nr,
        case iso_weekday_nr
            {%- for weekday in weekdays %}
            when {{ loop.index }} then '{{ weekday }}'
            {%- endfor %}
        end as weekday_name,
        iso_weekday_nr >= 6 as is_weekend,
        cast({{ dbt.date_trunc('week', 'date_day') }} as date) as week_start,
        cast({{ dbt.date_trunc('month', 'date_day') }} as date) as month_start,
        cast({{ dbt.date_trunc('quarter', 'date_day') }} as date) as quarter_start
    from parts

)

select * from final
