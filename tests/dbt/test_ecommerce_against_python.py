"""Identities, sessions, metrics and attribution are what an independent computation in Python comes to."""

from __future__ import annotations

from decimal import Decimal

import ecommerce_reference as reference
import pytest
from ecommerce_histories import history
from ecommerce_project import WITHOUT_PROFILE, Shop


@pytest.mark.parametrize(
    ("seed", "stitching"), [(11, "conservative"), (12, "full"), (13, "conservative"), (14, "conservative")]
)
def test_the_marts_are_those_of_the_reference(shop: Shop, seed: int, stitching: str) -> None:
    batches = history(seed)
    for batch in batches:
        shop.land(batch)
    models = ["-s", "path:models/ecommerce", "path:seeds/ecommerce", *WITHOUT_PROFILE]
    without_tests = ["--exclude-resource-type", "test", "--exclude-resource-type", "unit_test"]
    shop.dbt("build", *models, *without_tests, run_id="run", id_stitching=stitching)

    events = reference.distinct(batches)
    people = reference.visitors(events, stitching)
    assert dict(shop.query("select node, dbt_visitor_id from ecommerce_marts.id_graph")) == people

    found = reference.sessions(events)
    expected = {
        session.id: (
            session.visitor(people),
            session.platform,
            session.start,
            session.end,
            len(session.events),
            len(session.pages),
            session.is_bounced,
            session.channel,
        )
        for session in found
    }
    rows = shop.query(
        "select session_id, dbt_visitor_id, platform, session_started_at, session_ended_at, events_count, "
        "pages_count, is_bounced, channel from ecommerce_staging.int_ecommerce__sessions"
    )
    assert {row[0]: row[1:] for row in rows} == expected

    days = shop.query(
        "select activity_date, dau, new_users, total_sessions, bounced_sessions, avg_session_length "
        "from ecommerce_marts.event_metrics_daily where total_sessions > 0"
    )
    assert {row[0]: row[1:] for row in days} == {
        day: (*counts[:4], pytest.approx(counts[4])) for day, counts in reference.daily(found, people).items()
    }

    totals: dict[tuple[object, str], Decimal] = {}
    for order in reference.orders(events).values():
        key = (reference.time(order).date(), order["properties"]["currency"])
        totals[key] = totals.get(key, Decimal(0)) + Decimal(str(order["properties"]["revenue"]))
    by_currency = shop.query(
        "select activity_date, currency, revenue from ecommerce_marts.event_metrics_daily_by_currency where total > 0"
    )
    assert {(day, currency): revenue for day, currency, revenue in by_currency} == totals

    credited = shop.query(
        "select order_id, attribution_model, touch_nr, revenue from ecommerce_marts.attribution_credits"
    )
    assert {row[:3]: row[3] for row in credited} == reference.credits(events, found, people)


def test_an_id_stays_when_others_join_later(shop: Shop) -> None:
    """Of the sample's own rule: the visitor of an id is that of the id seen first."""
    batches = history(21)
    models = ["-s", "+id_graph"]
    before: dict[str, str] = {}
    early = [event for event in reference.distinct(batches) if event["type"] != "track"]
    half = len(early) // 2
    for number, batch in enumerate([early[:half], early[half:]]):
        shop.land(batch)
        shop.dbt(
            *(["build", "--exclude-resource-type", "test"] if not number else ["run"]), *models, run_id=f"r{number}"
        )
        shop.mark(f"r{number}")
        after = dict(shop.query("select node, dbt_visitor_id from ecommerce_marts.id_graph"))
        first_seen = dict(shop.query("select md5(node), first_seen_at from ecommerce_marts.id_graph"))
        # Who is joined with somebody that was seen earlier takes on their id; nobody's id changes to a later one.
        assert all(first_seen[after[node]] <= first_seen[visitor] for node, visitor in before.items())
        assert set(before) <= set(after)
        before = after
