{#
  A text column as a JSON string, with quotes. The backslash is written chr(92) because Redshift takes one in a literal
  for an escape.
#}
{% macro json_string(column) -%}
    {%- set short = {8: 'b', 9: 't', 10: 'n', 12: 'f', 13: 'r'} -%}
    {%- set escaped = namespace(sql="replace(replace(" ~ column ~ ", chr(92), chr(92) || chr(92)), '\"', chr(92) || '\"')") -%}
    {%- for code in range(1, 32) -%}
        {%- set name = short[code] if code in short else 'u%04x' % code -%}
        {%- set escaped.sql = "replace(" ~ escaped.sql ~ ", chr(" ~ code ~ "), chr(92) || '" ~ name ~ "')" -%}
    {%- endfor -%}
    '"' || {{ escaped.sql }} || '"'
{%- endmacro %}
