{#
  A text as the first part of a key, which ends at a separator: one in the text is written otherwise, so that no two pairs
  come to the same key.
#}
{% macro key_part(text, separator) -%}
    {%- set escaped = {' ': '%20', '/': '%2F'}[separator] -%}
    replace(replace({{ text }}, '%', '%25'), '{{ separator }}', '{{ escaped }}')
{%- endmacro %}
