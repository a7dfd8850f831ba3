"""Incremental runs of the shop over any batches come to exactly the tables that a full refresh makes."""

from __future__ import annotations

from typing import Any

import pytest
from ecommerce_histories import history
from ecommerce_project import WITHOUT_PROFILE, Shop

MODELS = ["-s", "path:models/ecommerce", "path:seeds/ecommerce", *WITHOUT_PROFILE]
SEED_AND_RUN = ["build", "--exclude-resource-type", "test", "--exclude-resource-type", "unit_test"]
TABLES = {
    "staging": [
        "int_ecommerce__events",
        "int_ecommerce__identity_links",
        "int_ecommerce__identity_nodes",
        "int_ecommerce__session_days",
        "int_ecommerce__sessions",
        "int_ecommerce__orders",
        "int_ecommerce__order_items",
    ],
    "marts": [
        "id_graph",
        "web_sessions",
        "event_metrics_daily",
        "event_metrics_daily_by_platform",
        "event_metrics_daily_by_currency",
        "event_metrics_weekly",
        "event_metrics_monthly",
        "attribution_touchpoints",
        "attribution_credits",
        "attribution_by_channel",
    ],
}


def differences(shop: Shop, env: str) -> dict[str, tuple[int, int, list[tuple[object, ...]]]]:
    """By table: rows that only one of the builds has, dev's or the other environment's, and the first of them."""
    found = {}
    for layer, tables in TABLES.items():
        for table in tables:
            a, b = f"ecommerce_{layer}.{table}", f"ecommerce_{layer}_{env}.{table}"
            only_a = shop.query(f"select * from {a} except all select * from {b}")
            only_b = shop.query(f"select * from {b} except all select * from {a}")
            if only_a or only_b:
                found[table] = (len(only_a), len(only_b), (only_a + only_b)[:4])
    return found


@pytest.mark.parametrize(("seed", "stitching"), [(1, "conservative"), (2, "full"), (3, "conservative")])
def test_incremental_equals_full_refresh(shop: Shop, seed: int, stitching: str) -> None:
    batches = history(seed)
    for number, batch in enumerate(batches):
        shop.land(batch)
        run_id = f"run {number}"
        shop.dbt(*(["run"] if number else SEED_AND_RUN), *MODELS, run_id=run_id, id_stitching=stitching)
        if number == 1:
            # A run that is repeated before its loads are marked changes nothing.
            shop.dbt("run", *MODELS, run_id=run_id, id_stitching=stitching)
        shop.mark(run_id)
        if number in (1, len(batches) - 1):
            verb = SEED_AND_RUN if number == 1 else ["run"]
            shop.dbt(
                *verb, *MODELS, "--full-refresh", run_id=f"full {number}", environment="ci", id_stitching=stitching
            )
            assert differences(shop, "ci") == {}
    [[orders]] = shop.query("select count(distinct order_id) from ecommerce_raw.order_completed where total > 0")
    assert shop.query("select count(distinct order_id) from ecommerce_marts.attribution_credits") == [(orders,)]


CREDITS = "select * from ecommerce_marts.attribution_credits order by all"


def rebuilt_credits(shop: Shop) -> list[tuple[object, ...]]:
    """The credits that a full refresh comes to, beside those of the incremental runs."""
    shop.dbt(*SEED_AND_RUN, *MODELS, "--full-refresh", run_id="full", environment="ci")
    return shop.query(CREDITS.replace("ecommerce_marts", "ecommerce_marts_ci"))


def by_somebody_else(event: dict[str, Any]) -> dict[str, Any]:
    properties = event.get("properties", {})
    if "order_id" in properties:
        properties = {**properties, "order_id": f"another {properties['order_id']}"}
    somebody = {"anonymousId": "another device", "userId": "", "messageId": f"another {event['messageId']}"}
    return {**event, **somebody, "properties": properties}


def test_a_model_of_an_older_run_is_repeated_with_what_that_run_touches(shop: Shop) -> None:
    batch = history(4)[0]
    first = shop.land(batch)
    assert first
    shop.dbt(*SEED_AND_RUN, *MODELS, run_id="run 0")
    shop.mark("run 0")
    second = shop.land(by_somebody_else(event) for event in batch if event["type"] != "identify")
    # Attribution fails, so nothing is marked; another run goes by.
    shop.dbt("run", *MODELS, "attribution_touchpoints+", run_id="run 1")
    before = shop.query(CREDITS)
    shop.dbt("run", *MODELS, run_id="backfill", load_ids=[first])
    shop.dbt("run", "-s", "attribution_touchpoints+", run_id="run 1")
    assert shop.mark("run 1") == [second]
    assert shop.query(CREDITS) != before
    assert shop.query(CREDITS) == rebuilt_credits(shop)


def test_attribution_follows_orders_that_change_or_go_and_rates_that_are_corrected(shop: Shop) -> None:
    for batch in history(5):
        shop.land(batch)
    shop.dbt(*SEED_AND_RUN, *MODELS, run_id="run 0")
    shop.mark("run 0")
    [[gone], [changed]] = shop.query(
        "select order_id from ecommerce_marts.attribution_credits where currency <> 'USD' and revenue > 1 "
        "group by order_id order by order_id limit 2"
    )
    with shop.connection() as connection:
        connection.query(f"delete from ecommerce_raw.order_completed where order_id = '{gone}'")
        # Seeds are not made again by a run.
        connection.query("update ecommerce_staging.exchange_rates set rate = rate * 2 where currency = 'EUR'")
        connection.query("delete from ecommerce_staging.exchange_rates where currency = 'INR'")
    shop.dbt("run", *MODELS, run_id="run 1")
    unequal = """
        select orders.order_id
        from ecommerce_staging.int_ecommerce__orders as orders
        full outer join (
            select order_id, sum(revenue) as revenue, sum(revenue_reporting) as revenue_reporting
            from ecommerce_marts.attribution_credits
            where attribution_model = 'linear'
            group by order_id
        ) as credited on credited.order_id = orders.order_id
        where orders.revenue is distinct from credited.revenue
            or orders.revenue_reporting is distinct from credited.revenue_reporting
    """
    assert shop.query(unequal) == []
    assert shop.query(f"select * from ecommerce_marts.attribution_credits where order_id = '{gone}'") == []
    shop.dbt("test", "-s", "credits_of_an_order_are_its_revenue", "every_order_is_attributed")
    with shop.connection() as connection:
        connection.query(
            f"delete from ecommerce_marts.attribution_credits where order_id = '{changed}' "
            "and attribution_model = 'linear'"
        )
    assert not shop.dbt("test", "-s", "credits_of_an_order_are_its_revenue", check=False)
    with shop.connection() as connection:
        connection.query("delete from ecommerce_staging.exchange_rates where currency = 'USD'")
    assert not shop.dbt("test", "-s", "the_reporting_currency_has_a_rate", check=False)
