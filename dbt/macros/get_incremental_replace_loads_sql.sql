{#
  Incremental strategy `replace_loads`: the rows of the run's loads go, then they come. An event that comes now may be
  there as another load's: where RudderStack merges, what it delivers again moves to the load of that delivery.
#}
{% macro get_incremental_replace_loads_sql(arguments) -%}
    {{ replace_rows(arguments, [
        'load_id in (' ~ pinned_loads('ecommerce') ~ ')',
        'event_id in (select event_id from ' ~ arguments['temp_relation'] ~ ')',
    ]) }}
{%- endmacro %}
