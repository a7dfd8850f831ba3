{#
  The condition that a row's `key` is among those that the run touches; `touched` is the domain's table of them, with a
  row for each run_id and key. `domain` is chat, ecommerce or support. Goes after `where`.
#}
{% macro of_this_run(key, touched, domain) -%}
    {{ key }} in (
        select {{ key }}
        from {{ touched }}
        where run_id = {{ pinned_run(domain) }}
    )
{%- endmacro %}
