{{ config(incremental_strategy='replace_orders', dist='order_id', sort='order_id') }}

-- Money is shared out in cents: each touch gets the whole cents of its share, and those that remain go to the largest
-- remainders, so that the credits of an order are its revenue.

{% set of_this_run = of_touched_components() %}
{% set identities = ref('id_graph') %}
{#- Of the incremental strategy. #}
{% set orders = ref('int_ecommerce__orders') %}
{% set amounts = ['revenue', 'revenue_reporting'] %}

with

{% if is_incremental() -%}
orders_to_make as (

    select order_id
    from {{ ref('attribution_touchpoints') }}
    where
        dbt_visitor_id in (
            select dbt_visitor_id
            from {{ identities }}
            where {{ of_this_run }}
        )

    union

    -- Whose rate was corrected. Under this attribution model all of an order is the first session's.
    select touchpoints.order_id
    from {{ ref('attribution_touchpoints') }} as touchpoints
    inner join {{ this }} as stored
        on stored.order_id = touchpoints.order_id
        and stored.touch_nr = 1
        and stored.attribution_model = 'first_touch'
    where
        touchpoints.touch_nr = 1
        and (
            stored.revenue_reporting <> touchpoints.revenue_reporting
            or (stored.revenue_reporting is null) <> (touchpoints.revenue_reporting is null)
        )

),

{% endif -%}
touchpoints as (

    select
        *,
        cast({{ dbt.datediff('session_started_at', 'ordered_at', 'second') }} as double precision) / 86400
            as days_between
    from {{ ref('attribution_touchpoints') }}
    {%- if is_incremental() %}
    where order_id in (select order_id from orders_to_make)
    {%- endif %}

),

last_touches as (

    select
        order_id,
        coalesce(max(case when channel <> 'direct' then touch_nr end), max(touch_nr)) as last_known_nr
    from touchpoints
    group by order_id

),

places as (

    select
        touchpoints.order_id,
        touchpoints.touch_nr,
        touchpoints.touches_count,
        touchpoints.ordered_at,
        touchpoints.channel,
        touchpoints.utm_source,
        touchpoints.utm_campaign,
        touchpoints.currency,
        touchpoints.revenue,
        touchpoints.revenue_reporting,
        coalesce(touchpoints.days_between, 0) as days_before,
        last_touches.last_known_nr
    from touchpoints
    inner join last_touches
        on last_touches.order_id = touchpoints.order_id

),

weights as (

    {% for model, weight in attribution_models().items() -%}
    select
        places.*,
        '{{ model }}' as attribution_model,
        cast({{ weight }} as double precision) as weight
    from places
    {{ 'union all' if not loop.last }}
    {% endfor %}

),

-- Down to 12 places, as an exact number: what is left over is less than a cent.
shares as (

    select
        *,
        cast(
            floor(
                weight / sum(weight) over (
                    partition by order_id, attribution_model
                    order by touch_nr
                    rows between unbounded preceding and unbounded following
                ) * 1000000000000
            ) as numeric(13, 0)
        ) * cast(0.000000000001 as numeric(13, 12)) as credit
    from weights

),

cents as (

    select
        *,
        {%- for amount in amounts %}
        cast(floor({{ amount }} * 100) as numeric(24, 0)) as {{ amount }}_cents{{ ',' if not loop.last }}
        {%- endfor %}
    from shares

),

whole_cents as (

    select
        *,
        {%- for amount in amounts %}
        floor({{ amount }}_cents * credit) as {{ amount }}_whole{{ ',' if not loop.last }}
        {%- endfor %}
    from cents

),

ranked as (

    select
        *,
        {%- for amount in amounts %}
        {{ amount }}_cents - sum({{ amount }}_whole) over (partition by order_id, attribution_model)
            as {{ amount }}_left,
        row_number() over (
            partition by order_id, attribution_model
            order by {{ amount }}_cents * credit - {{ amount }}_whole desc, touch_nr
        ) as {{ amount }}_rank{{ ',' if not loop.last }}
        {%- endfor %}
    from whole_cents

),

final as (

    select
        -- ids
        order_id,
        touch_nr,
        attribution_model,

        -- what is credited
        ordered_at,
        channel,
        utm_source,
        utm_campaign,
        currency,
        cast(credit as numeric(18, 12)) as credit,
        {%- for amount in amounts %}
        cast(
            cast(
                {{ amount }}_whole + case when {{ amount }}_rank <= {{ amount }}_left then 1 else 0 end
                as numeric(18, 0)
            ) * cast(0.01 as numeric(3, 2))
            -- A price may have more places than cents.
            + case
                when {{ amount }}_rank = 1
                    then {{ amount }} - cast({{ amount }}_cents as numeric(18, 0)) * cast(0.01 as numeric(3, 2))
                else 0
            end
            as numeric(18, 4)
        ) as {{ amount }}{{ ',' if not loop.last }}
        {%- endfor %}
    from ranked

)

select * from final
