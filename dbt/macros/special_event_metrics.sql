{# The names of all metrics: those of the variable `special_event_metrics`, and those that `special_events` adds. #}
{% macro special_event_metrics() -%}
    {%- set names = var('special_event_metrics') | list -%}
    {%- for name in var('special_events') if name not in names -%}
        {%- do names.append(name) -%}
    {%- endfor -%}
    {%- for name in names if not modules.re.fullmatch('[a-z][a-z0-9_]{0,39}', name) -%}
        {{ exceptions.raise_compiler_error(
            "The metric '" ~ name ~ "' becomes part of column names. Use lower case letters, digits and _."
        ) }}
    {%- endfor -%}
    {%- for name in ('story_intent', 'handoff') if name not in names -%}
        {{ exceptions.raise_compiler_error(
            "The metric '" ~ name ~ "' is missing from the variable special_event_metrics. It may be without members, "
            ~ "but has to be there."
        ) }}
    {%- endfor -%}
    {{ return(names) }}
{%- endmacro %}
