{#
  The attribution models: by name, the weight of a touch as an expression of touch_nr, touches_count, last_known_nr (the
  last touch that is not direct, else the last) and days_before. Weights are taken in proportion.
#}
{% macro attribution_models() -%}
    {{ return({
        'first_touch': 'case when touch_nr = 1 then 1 else 0 end',
        'last_touch': 'case when touch_nr = touches_count then 1 else 0 end',
        'last_non_direct': 'case when touch_nr = last_known_nr then 1 else 0 end',
        'linear': '1',
        'time_decay': 'power(cast(0.5 as double precision), days_before / ' ~ var('attribution_half_life_days') ~ ')',
        'position_based': 'case '
            ~ 'when touches_count <= 2 then 1 '
            ~ 'when touch_nr in (1, touches_count) then 0.4 '
            ~ 'else cast(0.2 as double precision) / (touches_count - 2) end',
    }) }}
{%- endmacro %}
