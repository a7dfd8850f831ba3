{#
  The readable name of a bot model: an expression of `model_id`, `first_seen_at` and `archive_name`, which is empty where
  the model's archive has not landed. Change it here, or override it from a project that has this one as a package
  (`dispatch` with macro_namespace parley).
#}
{% macro model_name() -%}
    {{ return(adapter.dispatch('model_name', 'parley')()) }}
{%- endmacro %}

{% macro default__model_name() -%}
    coalesce(archive_name, cast(cast(first_seen_at as date) as varchar(10)) || ' ' || substring(model_id, 1, 8))
{%- endmacro %}
