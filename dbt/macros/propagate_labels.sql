{#
  Connected components: lowers `label` of the table `nodes` (node, label) until both ends of every link have the same,
  the lowest node of their component. `links` is a query of node and other_node. To be called in a post-hook.

  A label is a node too. In each round, where the ends of a link have two, the node that is the higher one takes the lower
  one, so that all it stands for comes with it, however large that component is already; and then every node takes the label
  of its label. Chains of n nodes in any order are done in about log2(n) rounds. Not to be done after `max_rounds` is an
  error: it would leave one person as two.
#}
{% macro propagate_labels(nodes, links, label, max_rounds=60) -%}
    {%- if execute -%}
        {%- set table = adapter.quote(nodes.identifier) -%}
        {%- set state = namespace(open=true) -%}
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
                {%- set hook -%}
                    update {{ nodes }}
                    set {{ label }} = lower_labels.label
                    from (
                        select
                            greatest(a.{{ label }}, b.{{ label }}) as node,
                            min(least(a.{{ label }}, b.{{ label }})) as label
                        from ({{ links }}) as links
                        inner join {{ nodes }} as a on a.node = links.node
                        inner join {{ nodes }} as b on b.node = links.other_node
                        where a.{{ label }} <> b.{{ label }}
                        group by greatest(a.{{ label }}, b.{{ label }})
                    ) as lower_labels
                    where {{ table }}.node = lower_labels.node and {{ table }}.{{ label }} > lower_labels.label
                {%- endset -%}
                {%- do run_query(hook) -%}
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
                "The identities of " ~ nodes ~ " are not done after " ~ max_rounds ~ " rounds, which would be enough for any "
                ~ "number of them. Does something else write to that table? Start the run again."
            ) }}
        {%- endif -%}
    {%- endif -%}
{%- endmacro %}
