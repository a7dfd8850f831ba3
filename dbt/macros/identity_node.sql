{# The node of the identity graph for an id: kinds are `a` anonymous_id, `u` user_id, `e` e-mail. Null for no id. #}
{% macro identity_node(kind, id) -%}
    '{{ kind }}:' || {{ id }}
{%- endmacro %}
