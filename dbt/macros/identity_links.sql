{# The links of the identity graph, as a query; `known`: those between a user id and an e-mail address alone. #}
{% macro identity_links(known=false) -%}
    select node, other_node
    from {{ ref('int_ecommerce__identity_links') }}
    where
        node <> other_node
        {%- if known %}
        and node not like 'a:%'
        {%- endif %}
{%- endmacro %}
