{#
  Connected components: lowers `label` of the table `nodes` (node, label) until both ends of every link have the same,
  the lowest node of their component. `links` is a query of node and other_node. To be called in a post-hook.

  Each round takes over the lowest label of the neighbours and then the label of that label, so that a chain of n nodes
  is done in about log2(n) rounds. Not to be done after `max_rounds` is an error: it would leave one person as two.
#}
{% macro propagate_labels(nodes, links, label, max_rounds=60) -%}
    {%- if execute -%}
        {%- set table = adapter.quote(nodes.identifier) -%}
        {%- set state = namespace(open=true, rounds=0) -%}
        {%- for round in range(max_rounds) if state.open -%}
            {%- set unequal -%}
                select count(*)
                from ({{ links }}) as links
                inner join {{ nodes }} as a on a.node = links.node
                inner join {{ nodes }} as b on b.node = links.other_node
                where a.{{ label }} <> b.{{ label }}
            {%- endset -%}
            {%- if run_query(unequal).columns[0].values()[0] == 0 -%}
                {%- set state.open = false -%}
            {%- else -%}
                {%- set neighbours -%}
                    update {{ nodes }}
                    set {{ label }} = lower_labels.label
                    from (
                        select ends.node, min(ends.label) as label
                        from (
                            select links.node, b.{{ label }} as label
                            from ({{ links }}) as links
                            inner join {{ nodes }} as b on b.node = links.other_node
                            union all
                            select links.other_node, a.{{ label }}
                            from ({{ links }}) as links
                            inner join {{ nodes }} as a on a.node = links.node
                        ) as ends
                        group by ends.node
                    ) as lower_labels
                    where {{ table }}.node = lower_labels.node and {{ table }}.{{ label }} > lower_labels.label
                {%- endset -%}
                {%- do run_query(neighbours) -%}
                {%- set jump -%}
                    update {{ nodes }}
                    set {{ label }} = roots.label
                    from (select node, {{ label }} as label from {{ nodes }}) as roots
                    where roots.node = {{ table }}.{{ label }} and roots.label < {{ table }}.{{ label }}
                {%- endset -%}
                {%- do run_query(jump) -%}
            {%- endif -%}
        {%- endfor -%}
        {%- if state.open -%}
            {{ exceptions.raise_compiler_error(
                "The identities of " ~ nodes ~ " are not done after " ~ max_rounds ~ " rounds. Is one e-mail address or id "
                ~ "shared by very many people, as a placeholder? Leave it out in stg_ecommerce__identifies, or raise "
                ~ "max_rounds in macros/propagate_labels.sql."
            ) }}
        {%- endif -%}
    {%- endif -%}
{%- endmacro %}
