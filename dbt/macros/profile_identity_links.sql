{#
  The links of the identity graph that were seen before the moment that features are computed for, as a query; `known`:
  those between a user id and an e-mail address alone.
#}
{% macro profile_identity_links(known=false) -%}
    select node, other_node
    from {{ ref('int_ecommerce__identity_links') }}
    where
        node <> other_node
        and first_seen_at < {{ as_of() }}
        {%- if known %}
        and node not like 'a:%'
        {%- endif %}
{%- endmacro %}
