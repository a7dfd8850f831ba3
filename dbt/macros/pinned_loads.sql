{# A query of the load ids that this run works on; `domain` is chat, ecommerce or support. #}
{% macro pinned_loads(domain) -%}
    select load_id
    from {{ ref(domain ~ '_load_ids') }}
    where run_id = {{ pinned_run(domain) }}
{%- endmacro %}
