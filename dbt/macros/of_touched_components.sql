{#
  The condition that a row with a `component` of the identity graph is of those that the run's loads touch. Goes after
  `where`.
#}
{% macro of_touched_components() -%}
    {{ of_this_run('component', ref('int_ecommerce__touched_components'), 'ecommerce') }}
{%- endmacro %}
