{{ config(sort='agent_id') }}

with

agents as (

    select * from {{ ref('stg_support__agents') }}

),

known as (

    select agent_id
    from agents

    union

    select agent_id
    from {{ ref('fct_conversation_events') }}
    where agent_id is not null

),

final as (

    select
        -- ids
        known.agent_id,
        agents.supervisor_id,

        -- attributes
        agents.first_name,
        agents.last_name,
        agents.email,
        agents.team,
        agents.hired_on
    from known
    left join agents on agents.agent_id = known.agent_id

)

select * from final
