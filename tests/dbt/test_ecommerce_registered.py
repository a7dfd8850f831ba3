"""Where RudderStack writes the raw tables itself, registered loads come to the same marts; what deviates is named."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from ecommerce_histories import history
from ecommerce_project import RAW, WITHOUT_PROFILE, Shop

from parley import settings
from parley.errors import ConfigurationError
from parley.registered_loads import register_loads
from parley.warehouse import Warehouse

MODELS = ["-s", "path:models/ecommerce", "path:seeds/ecommerce", *WITHOUT_PROFILE]
SEED_AND_RUN = ["build", "--exclude-resource-type", "test", "--exclude-resource-type", "unit_test"]
MARTS = (
    "id_graph",
    "web_sessions",
    "event_metrics_daily_by_platform",
    "event_metrics_daily_by_currency",
    "attribution_credits",
)
LOADED = datetime(2024, 2, 1, tzinfo=UTC)


def test_tables_that_rudderstack_wrote_come_to_the_same_marts(shop: Shop) -> None:
    warehouse = Warehouse("duckdb", path=shop.path)
    with shop.connection() as connection:
        connection.query("create schema rudder")
    loaded_at = "case _load_id"
    for number, batch in enumerate(history(31)[:3]):
        loaded_at += f" when '{shop.land(batch)}' then timestamp '{LOADED + timedelta(hours=number):%Y-%m-%d %H:%M:%S}'"
        with shop.connection() as connection:
            for table in connection.tables(RAW) - {"quarantine", "_loads", "_versions", "_pipeline_state"}:
                # As RudderStack has it: no columns of the engine, the time of loading, and times without zone.
                connection.query(
                    f"create or replace table rudder.{table} as "
                    "select * exclude (_load_id, _record_hash, _root_hash) "
                    f"replace (timestamp at time zone 'UTC' as timestamp), {loaded_at} end as uuid_ts "
                    f"from {RAW}.{table}"
                )
        now = LOADED + timedelta(hours=number, minutes=40)
        assert register_loads(warehouse, "rudder", now=now) == f"2024-02-01 0{number}:00:00.000000"
        assert register_loads(warehouse, "rudder", now=now) is None
        verb = ["run"] if number else SEED_AND_RUN
        shop.dbt(*verb, *MODELS, run_id=f"r{number}", environment="ci", rs_schema="rudder")
        with shop.connection() as connection:
            connection.query("insert into rudder._loads select load_id, schema_name, 1, now(), '' from rudder._loads")
    shop.dbt(*SEED_AND_RUN, *MODELS, run_id="all")
    for mart in MARTS:
        written = shop.query(f"select * from ecommerce_marts_ci.{mart} order by all")
        assert written == shop.query(f"select * from ecommerce_marts.{mart} order by all"), mart
        assert written


def test_what_was_loaded_just_now_waits(shop: Shop) -> None:
    warehouse = Warehouse("duckdb", path=shop.path)
    with shop.connection() as connection:
        connection.query("create schema rudder")
        connection.query("create table rudder.tracks as select timestamptz '2024-02-01 00:00:00+00' as uuid_ts")
    assert register_loads(warehouse, "rudder", now=LOADED + timedelta(minutes=5)) is None
    assert register_loads(warehouse, "rudder", now=LOADED + timedelta(minutes=35)) == "2024-02-01 00:00:00.000000"


def test_a_schema_that_is_not_rudderstacks_is_refused(shop: Shop) -> None:
    shop.land(history(1)[0])
    warehouse = Warehouse("duckdb", path=shop.path)
    with pytest.raises(ConfigurationError, match="parley unpack"):
        register_loads(warehouse, RAW)
    with pytest.raises(ConfigurationError, match="rs_load_timestamp"):
        register_loads(warehouse, "nowhere")


@pytest.fixture(scope="module")
def pinned_shop(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    """A shop in which nothing is built yet of the one load."""
    folder = tmp_path_factory.mktemp("pinned")
    shop = Shop(folder / "warehouse.duckdb")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(settings, "STATE", folder / "state")
        shop.land(history(1)[0])
    shop.dbt("run", "-s", "ecommerce_load_ids")
    return shop


@pytest.mark.parametrize(
    ("model", "variables", "message"),
    [
        (
            "stg_ecommerce__orders",
            {"col_ecommerce_order_completed_total": "amount"},
            "col_ecommerce_order_completed_total",
        ),
        ("stg_ecommerce__tracks", {"col_ecommerce_tracks_timestamp": "at"}, "col_ecommerce_tracks_timestamp"),
        ("stg_ecommerce__orders", {"tbl_ecommerce_order_completed": "web_order"}, "tbl_ecommerce_order_completed"),
        ("stg_ecommerce__product_added", {"product_ref_var": "article"}, "col_ecommerce_product_added_article"),
        ("stg_ecommerce__tracks", {"start_date": "1.1.2024"}, "start_date"),
        ("id_graph", {"id_stitching": "maybe"}, "id_stitching"),
    ],
)
def test_what_deviates_is_named_with_its_variable(
    pinned_shop: Shop, model: str, variables: dict[str, str], message: str
) -> None:
    with pytest.raises(AssertionError, match=message):
        pinned_shop.dbt("run", "-s", model, **variables)
