{#
  The links of the identity graph, as a query; `known`: those between a user id and an e-mail address alone; `before`:
  those that were seen before that time, an expression.
#}
{% macro identity_links(known=false, before=none) -%}
    select node, other_node
    from {{ ref('int_ecommerce__identity_links') }}
    where
        node <> other_node
        {%- if before %}
        and first_seen_at < {{ before }}
        {%- endif %}
        {%- if known %}
        and node not like 'a:%'
        {%- endif %}
{%- endmacro %}
