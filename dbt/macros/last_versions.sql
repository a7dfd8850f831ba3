{#
  The last version of each row of a list that the support desk exports as a whole, with the time its load arrived (UTC).
  The list lands in versions: the unpacking engine leaves out a row that has not changed.

  key: the column that names a row.
  columns: the others, as expressions.
#}
{% macro last_versions(list, key, columns) -%}
    with

    landed as (

        select *
        from {{ source('support_raw', list) }}
        where _load_id in ({{ known_loads('support') }})

    ),

    loads as (

        select
            load_id,
            min({{ utc_timestamp('inserted_at') }}) as arrived_at
        from {{ source('support_raw', '_loads') }}
        where status = 0
        group by load_id

    ),

    numbered as (

        select
            landed.*,
            loads.arrived_at,
            row_number() over (
                partition by landed.{{ key }}
                order by landed.version desc
            ) as version_nr
        from landed
        inner join loads on loads.load_id = landed._load_id

    ),

    final as (

        select
            {{ key }},
            {%- for column in columns %}
            {{ column }},
            {%- endfor %}
            arrived_at
        from numbered
        where version_nr = 1

    )

    select * from final
{%- endmacro %}
