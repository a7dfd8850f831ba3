"""Incremental runs of the shop over any batches come to exactly the tables that a full refresh makes."""

from __future__ import annotations

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
    [[orders]] = shop.query("select count(distinct order_id) from ecommerce_raw.order_completed")
    assert shop.query("select count(distinct order_id) from ecommerce_marts.attribution_credits") == [(orders,)]
