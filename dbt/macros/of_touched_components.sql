{#
  The condition that a row with a `component` of the identity graph is of those that the run's loads touch. Goes after
  `where`.
#}
{% macro of_touched_components() -%}
    component in (
        select component
        from {{ ref('int_ecommerce__touched_components') }}
        where run_id = {{ pinned_run('ecommerce') }}
    )
{%- endmacro %}
