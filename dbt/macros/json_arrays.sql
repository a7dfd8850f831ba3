{#
  A query of JSON arrays per `main_id`, out of a CTE `elements` whose `value` is a text, once for each `main_id`. An
  array is JSON text, which is what all warehouses have, in ascending order.

  `arrays` gives for each column of the result the condition on an element to be in it. Without any the array is `[]`.
  It is null with more than `max_size` elements, and when it would not fit in 65,535 bytes: Redshift's listagg stops
  the whole query there. Characters are counted, and none has more than 4 bytes.
#}
{% macro json_arrays(elements, arrays, max_size=none) -%}
    select
        main_id,
        {%- for name in arrays %}
        case
            when max({{ name }}_size) = 0 then '[]'
            when max({{ name }}_fits) = 1
                then '[' || {{ dbt.listagg(
                    'case when ' ~ name ~ '_fits = 1 and ' ~ name ~ '_is_in = 1 then element end',
                    "','",
                    'order by ' ~ byte_order('value'),
                ) }} || ']'
        end as {{ name }}{{ ',' if not loop.last }}
        {%- endfor %}
    from (
        select
            main_id,
            value,
            element,
            {%- for name in arrays %}
            {{ name }}_is_in,
            {{ name }}_size,
            case
                when {{ name }}_length <= 16000
                {%- if max_size is not none %} and {{ name }}_size <= {{ max_size }}{% endif %} then 1
                else 0
            end as {{ name }}_fits{{ ',' if not loop.last }}
            {%- endfor %}
        from (
            select
                main_id,
                value,
                element,
                {%- for name in arrays %}
                {{ name }}_is_in,
                sum({{ name }}_is_in) over (partition by main_id) as {{ name }}_size,
                sum({{ name }}_is_in * (length(element) + 1)) over (partition by main_id) as {{ name }}_length
                {{- ',' if not loop.last }}
                {%- endfor %}
            from (
                select
                    main_id,
                    value,
                    {{ json_string('value') }} as element,
                    {%- for name, condition in arrays.items() %}
                    case when {{ condition }} then 1 else 0 end as {{ name }}_is_in{{ ',' if not loop.last }}
                    {%- endfor %}
                from {{ elements }}
            ) as elements
        ) as measured
    ) as limited
    group by main_id
{%- endmacro %}
