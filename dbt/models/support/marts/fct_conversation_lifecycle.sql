{{ config(dist='id', sort='opened_at') }}

-- A table, of one row per conversation: what a tag stands for may change for the past too.

with

conversations as (

    select * from {{ ref('fct_conversations') }}

),

changes as (

    select * from {{ ref('int_support__status_changes') }}

),

tags as (

    select
        tags.conversation_id,
        reasons.reason_group
    from {{ ref('int_support__conversation_tags') }} as tags
    left join {{ ref('dim_tag') }} as reasons on reasons.tag = tags.tag

),

openings as (

    select
        conversation_id,
        -- A conversation that began without an `Open` was open from its first event.
        min(case when change_nr = 1 and status = 'OPEN' then changed_at end) as opened_at,
        min(case when reverse_change_nr = 1 and status = 'CLOSED' then changed_at end) as closed_at,
        count(case when is_reopening then 1 end) as number_reopenings
    from changes
    group by conversation_id

),

topics as (

    select
        conversation_id,
        count(*) as number_tags_assigned,
        count(case when reason_group = 'payments' then 1 end) > 0 as payments_related,
        count(case when reason_group = 'app' then 1 end) > 0 as app_related,
        count(case when reason_group = 'login' then 1 end) > 0 as login_related
    from tags
    group by conversation_id

),

joined as (

    select
        conversations.*,
        coalesce(openings.opened_at, conversations.started_at) as opened_at,
        openings.closed_at,
        coalesce(openings.number_reopenings, 0) as number_reopenings,
        coalesce(topics.number_tags_assigned, 0) as number_tags_assigned,
        coalesce(topics.payments_related, false) as payments_related,
        coalesce(topics.app_related, false) as app_related,
        coalesce(topics.login_related, false) as login_related
    from conversations
    left join openings on openings.conversation_id = conversations.conversation_id
    left join topics on topics.conversation_id = conversations.conversation_id

),

final as (

    select
        -- ids
        conversation_id as id,
        user_id,

        -- state
        status,
        opened_at,
        closed_at,

        -- totals
        number_involved_agents,
        number_tags_assigned,
        customer_messages_count + agent_messages_count as interaction_between_customer,
        number_reopenings,
        {{ dbt.datediff('first_customer_message_at', 'first_response_at', 'second') }} / cast(60 as double precision)
            as first_response_minutes,
        {{ dbt.datediff('opened_at', 'closed_at', 'second') }} / cast(3600 as double precision)
            as hours_to_resolve,

        -- what it was about
        payments_related,
        app_related,
        login_related
    from joined

)

select * from final
