{# A conversation has closed_at and hours_to_resolve when it is closed, and only then. #}
{% test closed_has_its_times(model) %}
    select
        id,
        status,
        closed_at,
        hours_to_resolve
    from {{ model }}
    where
        (coalesce(status, '') = 'CLOSED') <> (closed_at is not null)
        or (closed_at is not null) <> (hours_to_resolve is not null)
{% endtest %}
