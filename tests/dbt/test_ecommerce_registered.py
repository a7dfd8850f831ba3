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


def write_tables(shop: Shop, loads: list[str | None], mode: str) -> None:
    """The tables as RudderStack has them: no columns of the engine, the time of loading, times without zone, and some
    events delivered again, with the loads after theirs and within it."""
    with shop.connection() as connection:
        for table in connection.tables(RAW) - {"quarantine", "_loads", "_versions", "_pipeline_state"}:
            deliveries = [
                f"select *, timestamp '{LOADED + timedelta(hours=number):%Y-%m-%d %H:%M:%S}' - to_minutes({minutes}) "
                f"as uuid_ts from {RAW}.{table} where _load_id {of_loads} and {which}"
                for number, load in enumerate(loads)
                for of_loads, which, minutes in (
                    (f"= '{load}'", "true", 0),
                    (f"= '{load}'", "hash(id) % 7 = 5", 3),
                    (f"< '{load}'", f"hash(id) % 7 = {number}", 0),
                )
            ]
            merged = "qualify row_number() over (partition by id order by uuid_ts desc) = 1" if mode == "merge" else ""
            connection.query(
                f"create or replace table rudder.{table} as "
                "select * exclude (_load_id, _record_hash, _root_hash) "
                "replace (timestamp at time zone 'UTC' as timestamp) "
                f"from ({' union all '.join(deliveries)}) {merged}"
            )


@pytest.mark.parametrize("mode", ["append", "merge"])
def test_tables_that_rudderstack_wrote_come_to_the_same_marts(shop: Shop, mode: str) -> None:
    warehouse = Warehouse("duckdb", path=shop.path)
    with shop.connection() as connection:
        connection.query("create schema rudder")
    loads: list[str | None] = []
    for number, batch in enumerate(history(31)[:3]):
        loads.append(shop.land(batch))
        write_tables(shop, loads, mode)
        now = LOADED + timedelta(hours=number, minutes=40)
        assert register_loads(warehouse, "rudder", now=now) == f"2024-02-01 0{number}:00:00.000000"
        assert register_loads(warehouse, "rudder", now=now) is None
        verb = ["run"] if number else SEED_AND_RUN
        shop.dbt(*verb, *MODELS, run_id=f"r{number}", environment="ci", rs_schema="rudder")
        with shop.connection() as connection:
            connection.query("insert into rudder._loads select load_id, schema_name, 1, now(), '' from rudder._loads")
    [[deliveries, ids]] = shop.query("select count(*), count(distinct id) from rudder.tracks")
    assert (deliveries > ids) == (mode == "append")
    stored = "select count(*), count(distinct event_id) from ecommerce_staging_ci.int_ecommerce__events"
    assert len({*shop.query(stored)[0]}) == 1
    shop.dbt("test", "-s", "path:models/ecommerce/staging", environment="ci", rs_schema="rudder")

    shop.dbt(*SEED_AND_RUN, *MODELS, run_id="all")
    for mart in MARTS:
        written = shop.query(f"select * from ecommerce_marts_ci.{mart} order by all")
        assert written == shop.query(f"select * from ecommerce_marts.{mart} order by all"), mart
        assert written

    events = "select * from ecommerce_staging_ci.int_ecommerce__events order by all"
    incremental = shop.query(events)
    shop.dbt("run", *MODELS, "--full-refresh", run_id="full", environment="ci", rs_schema="rudder")
    assert shop.query(events) == incremental


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
    with pytest.raises(ConfigurationError, match="RS_LOAD_TIMESTAMP"):
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


def test_an_order_without_a_currency_column_is_named_with_its_variable(shop: Shop) -> None:
    shop.land(history(1)[0])
    with shop.connection() as connection:
        connection.query(f"alter table {RAW}.order_completed drop column currency")
    shop.dbt("run", "-s", "ecommerce_load_ids")
    with pytest.raises(AssertionError, match="col_ecommerce_order_completed_currency"):
        shop.dbt("run", "-s", "stg_ecommerce__orders")


def test_a_time_that_is_no_time_stops_the_run(shop: Shop) -> None:
    """Of a text only the date could be read on every warehouse, and the events of a day would have no order."""
    shop.land(history(1)[0])
    with shop.connection() as connection:
        connection.query(f"alter table {RAW}.tracks alter timestamp type varchar")
    shop.dbt("run", "-s", "ecommerce_load_ids")
    with pytest.raises(AssertionError, match=r"timestamp of ecommerce_raw.tracks is .*col_ecommerce_tracks_timestamp"):
        shop.dbt("run", "-s", "stg_ecommerce__tracks")


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
