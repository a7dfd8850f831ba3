-- depends_on: {{ ref('contact_reason_drivers') }}
-- After it, since it is made from all three. Each conversation is counted once for each of its tags, in one day, one
-- week and one month; and without a tag it is counted too.
with

totals as (

    {% for model in ['contact_reasons_daily', 'contact_reasons_weekly', 'contact_reasons_monthly'] -%}
    select
        '{{ model }}' as model,
        "tag",
        sum(conversations) as conversations
    from {{ ref(model) }}
    group by "tag"

    union all

    {% endfor -%}
    select
        'int_support__contacts' as model,
        "tag",
        count(*) as conversations
    from {{ ref('int_support__contacts') }}
    group by "tag"

)

select
    "tag",
    min(conversations) as lowest,
    max(conversations) as highest
from totals
group by "tag"
having min(conversations) <> max(conversations) or count(*) <> 4
