"""Every feature of the user profile against a second computation in Python, over random histories."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import cycle
from pathlib import Path
from typing import Any

import pytest
from profile_histories import COLUMNS, history
from profile_reference import Row, Settings, Tables, features, plain
from project import Project

from parley import settings
from parley.pipelines import shop
from parley.unpack.domains import unpack_new
from parley.warehouse import Warehouse

AS_OF = [datetime(2024, 2, 10), datetime(2024, 2, 10, 7), datetime(2024, 1, 9), datetime(2024, 3, 20, 18)]
SAMPLE = Path(__file__).resolve().parents[2] / "sample_data" / "ecommerce"
INTERMEDIATE = ("events", "orders", "order_items")
DEFAULTS = Settings()
SMALL = Settings(
    lookback_days=(1, 14),
    session_cutoff_in_sec=3600,
    main_id="anonymous_id",
    card_types=("paypal",),
    var_max_list_size=2,
    var_max_cart_size=2,
)


@dataclass(frozen=True)
class Profile(Project):
    """The models of the profile on tables that stand for the staging models."""

    def fill(self, tables: Tables) -> None:
        with Warehouse("duckdb", path=self.path).connect() as connection:
            connection.query("create schema if not exists ecommerce_staging")
            for name, columns in COLUMNS.items():
                prefix = "int" if name in INTERMEDIATE else "stg"
                table = f"ecommerce_staging.{prefix}_ecommerce__{name}"
                defined = ", ".join(f"{column} {kind}" for column, kind in columns.items())
                connection.query(f"create or replace table {table} ({defined})")
                for row in tables[name]:
                    marks = ", ".join(["%s"] * len(columns))
                    connection.query(f"insert into {table} values ({marks})", [row[column] for column in columns])

    def build(
        self,
        as_of: datetime,
        chosen: Settings = DEFAULTS,
        *,
        variables: dict[str, Any] | None = None,
        full_refresh: bool = False,
        command: str = "run",
        select: str = "path:models/ecommerce/intermediate/profile path:models/ecommerce/marts/profile",
        check: bool = True,
    ) -> str:
        """Compute the features as of a moment; what dbt said when it failed."""
        # Tests of models that are not selected, beside some that are, cannot run.
        env = {"DBT_INDIRECT_SELECTION": "cautious", "PARLEY_END_DATE": as_of.isoformat()}
        options = ["--full-refresh"] if full_refresh else []
        project = replace(self, vars={**chosen.dbt_vars(), **(variables or {})})
        done = project.result(command, "--select", *select.split(), *options, env=env)
        said = str(done.exception or [node.message for node in done.result if node.status in ("error", "fail")])
        assert done.success or not check, said
        return said

    def rows(self, table: str) -> list[Row]:
        with Warehouse("duckdb", path=self.path).connect() as connection:
            names = [name for name, *_ in connection.query(f"describe ecommerce_marts.{table}")]
            rows = connection.query(f"select * from ecommerce_marts.{table}")
        return [dict(zip(names, row, strict=True)) for row in rows]

    def wide(self, as_of: datetime) -> dict[str, Row]:
        """The features of every user as of a moment; arrays are lists."""
        rows = [row for row in self.rows("event_stream_customer_features") if row["timestamp"] == as_of]
        found = {row.pop("user_id"): row for row in rows}
        assert len(found) == len(rows)
        for row in rows:
            del row["timestamp"]
        return {user: {name: plain(value) for name, value in row.items()} for user, row in found.items()}

    def long(self, as_of: datetime) -> dict[str, Row]:
        found: dict[str, Row] = {}
        for row in self.rows("event_stream_feature_table"):
            if row["timestamp"] == as_of:
                values = {kind: row[f"feature_value_{kind}"] for kind in ("numeric", "string", "array")}
                value = values.pop(row["feature_type"])
                assert set(values.values()) == {None}
                own = found.setdefault(row["user_id"], {})
                assert row["feature_name"] not in own
                own[row["feature_name"]] = plain(value)
        return found


@pytest.fixture
def profile(tmp_path: Path) -> Profile:
    return Profile(tmp_path / "warehouse.duckdb")


def expected(tables: Tables, as_of: datetime, chosen: Settings) -> dict[str, Row]:
    found = features(tables, as_of, chosen)
    return {user: {name: plain(value) for name, value in row.items()} for user, row in found.items()}


def assert_same(found: dict[str, Row], wanted: dict[str, Row]) -> None:
    """Feature by feature, so that a failure names one."""
    assert found.keys() == wanted.keys()
    for user, row in wanted.items():
        assert found[user].keys() == row.keys()
        for name, value in row.items():
            assert found[user][name] == pytest.approx(value, abs=1e-6), (user, name)


def land_sample(profile: Profile, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(settings, "STATE", tmp_path / "state")
    monkeypatch.setenv("DLT_DATA_DIR", str(tmp_path / "dlt"))
    unpack_new(shop(), Warehouse("duckdb", path=profile.path), str(SAMPLE))


@pytest.mark.parametrize(("seed", "chosen"), [(0, DEFAULTS), (1, SMALL)], ids=["defaults", "small"])
def test_every_feature(profile: Profile, seed: int, chosen: Settings) -> None:
    tables = history(seed)
    profile.fill(tables)
    # Out of order, as a backfill does, and one date twice.
    for as_of in [*AS_OF, AS_OF[0]]:
        profile.build(as_of, chosen)
    for as_of in AS_OF:
        wanted = expected(tables, as_of, chosen)
        assert len(wanted) > 3
        assert_same(profile.wide(as_of), wanted)
        assert profile.long(as_of) == profile.wide(as_of)
    latest = profile.rows("event_stream_customer_features_latest")
    assert {row["timestamp"] for row in latest} == {max(AS_OF)}
    assert len(latest) == len(profile.wide(max(AS_OF)))


def test_nothing_after_the_moment_leaks(profile: Profile) -> None:
    as_of = AS_OF[1]
    tables = history(11)
    profile.fill(tables)
    profile.build(as_of)
    before = profile.wide(as_of)

    changed: Tables = {"order_items": list(tables["order_items"])}
    for name in tables.keys() - {"order_items"}:
        past = [row for row in tables[name] if row["occurred_at"] < as_of]
        # What happened later goes to somebody else, and everything that was known happens once more: at that very
        # moment, or a year later.
        others = [{**row, "user_id": "u0"} for row in tables[name] if row["occurred_at"] >= as_of]
        again = [
            {**row, "event_id": f"again-{row['event_id']}", "occurred_at": at}
            for row, at in zip(past, cycle([as_of, as_of + timedelta(days=365)]), strict=False)
        ]
        changed[name] = [*past, *others, *again]
    for order in changed["orders"]:
        if order["event_id"].startswith("again-"):
            items = [item for item in tables["order_items"] if item["order_id"] == order["order_id"]]
            order["order_id"] += "-again"
            changed["order_items"] += [{**item, "order_id": order["order_id"]} for item in items]
    assert sum(map(len, changed.values())) > sum(map(len, tables.values())) + 50
    profile.fill(changed)
    profile.build(as_of)
    assert profile.wide(as_of) == before
    assert profile.long(as_of) == before
    # The changes are seen where they happened.
    profile.build(as_of + timedelta(days=366))
    assert profile.wide(as_of + timedelta(days=366)) != before


def test_a_second_run_of_a_date_takes_the_place_of_the_first(profile: Profile) -> None:
    tables = history(12)
    profile.fill(tables)
    for as_of in AS_OF:
        profile.build(as_of)
    others = {as_of: profile.wide(as_of) for as_of in AS_OF[1:]}
    assert "u1" in profile.wide(AS_OF[0])

    gone: Tables = {
        name: [row for row in rows if row.get("user_id", "u0") not in ("u1", None)] for name, rows in tables.items()
    }
    profile.fill(gone)
    profile.build(AS_OF[0])
    assert_same(profile.wide(AS_OF[0]), expected(gone, AS_OF[0], DEFAULTS))
    assert profile.long(AS_OF[0]) == profile.wide(AS_OF[0])
    assert "u1" not in profile.wide(AS_OF[0])
    assert {as_of: profile.wide(as_of) for as_of in AS_OF[1:]} == others
    assert {as_of: profile.long(as_of) for as_of in AS_OF[1:]} == others


def test_a_full_refresh_and_a_new_lookback_keep_the_history(profile: Profile) -> None:
    profile.fill(history(13))
    profile.build(AS_OF[2], Settings(lookback_days=(7,)))
    before = profile.wide(AS_OF[2])
    profile.build(AS_OF[0], Settings(lookback_days=(30,)), full_refresh=True)

    past = profile.wide(AS_OF[2])
    assert all(value is None for row in past.values() for name, value in row.items() if "_30_" in name)
    assert {user: {name: row[name] for name in before[user]} for user, row in past.items()} == before
    now = profile.wide(AS_OF[0])
    assert all(value is None for row in now.values() for name, value in row.items() if "_7_" in name)
    assert any(row["active_days_in_past_30_days"] for row in now.values())
    assert {name for row in profile.long(AS_OF[0]).values() for name in row if "_7_" in name} == set()


def test_a_list_that_does_not_fit_is_left_out(profile: Profile) -> None:
    tables: Tables = {name: [] for name in COLUMNS}
    common = {"anonymous_id": None, "occurred_at": AS_OF[2], "cart_id": None}
    for user, length in (("short", 9), ("long", 10)):
        tables["product_added"] += [
            {**common, "event_id": f"{user}-{number}", "user_id": user, "product_id": f"{number:0{length}}"}
            # Of each length times 13 characters, quotes and comma: just under and just over 16,000.
            for number in range(1_333)
        ]
    profile.fill(tables)
    profile.build(AS_OF[0])
    found = profile.wide(AS_OF[0])
    assert found["short"]["products_added_in_past_365_days"] == [f"{number:09}" for number in range(1_333)]
    assert found["long"]["products_added_in_past_365_days"] is None
    assert found["long"]["products_added_in_past_7_days"] == []
    assert found["long"]["total_products_added_to_cart"] == 1_333


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        ({"lookback_days": 30}, "lookback_days is 30"),
        ({"lookback_days": [7, 7]}, "lookback_days is [7, 7]"),
        ({"lookback_days": [0]}, "lookback_days is [0]"),
        ({"main_id": "email"}, "main_id is 'email'. Known are user_id, anonymous_id, dbt_visitor_id."),
        ({"card_types": []}, "card_types is empty"),
    ],
)
def test_a_wrong_variable_is_named(profile: Profile, variables: dict[str, Any], said: str) -> None:
    profile.fill({name: [] for name in COLUMNS})
    assert said in profile.build(AS_OF[0], variables=variables, check=False)


def test_card_types_as_rudderstack_writes_them(profile: Profile) -> None:
    tables: Tables = {name: [] for name in COLUMNS}
    common = {"anonymous_id": None, "occurred_at": AS_OF[2], "card_type": None}
    for number, method in enumerate(["mastercard", "credit card", "visa", "cod"]):
        row = {**common, "event_id": f"{number}", "user_id": method, "payment_method": method}
        tables["checkout_steps"].append(row)
    profile.fill(tables)
    profile.build(AS_OF[0], variables={"card_types": "('Mastercard', 'credit card')"})
    found = {user: row["has_credit_card"] for user, row in profile.wide(AS_OF[0]).items()}
    assert found == {"mastercard": 1, "credit card": 1, "visa": 0, "cod": 0}


def test_the_sample(profile: Profile, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """On the real staging models, and with the tests of the models."""
    land_sample(profile, monkeypatch, tmp_path)
    as_of = datetime(2024, 2, 16, 7)
    profile.build(as_of, select="+event_stream_feature_table +event_stream_customer_features_latest", command="build")

    tables: Tables = {}
    with Warehouse("duckdb", path=profile.path).connect() as connection:
        for name, columns in COLUMNS.items():
            prefix = "int" if name in INTERMEDIATE else "stg"
            rows = connection.query(f"select {', '.join(columns)} from ecommerce_staging.{prefix}_ecommerce__{name}")
            tables[name] = [dict(zip(columns, row, strict=True)) for row in rows]
    wanted = expected(tables, as_of, DEFAULTS)
    assert len(wanted) > 100
    assert_same(profile.wide(as_of), wanted)
    assert profile.long(as_of) == profile.wide(as_of)


def test_visitors_are_those_of_their_time(profile: Profile, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """With the ids of the identity graph, what joins two of them later does not join their events before."""
    land_sample(profile, monkeypatch, tmp_path)
    variables = {"main_id": "dbt_visitor_id"}
    as_of, later = datetime(2024, 1, 25), datetime(2034, 1, 1)
    profile.build(later, variables=variables, select="+event_stream_feature_table +id_graph", command="build")
    unequal = """
        select count(*)
        from ecommerce_marts.id_graph as known_now
        full outer join ecommerce_staging.int_ecommerce_profile__visitors as known_then using (node)
        where known_now.dbt_visitor_id is distinct from known_then.dbt_visitor_id
    """
    assert profile.query(unequal) == [(0,)]
    orders = "select count(*) from ecommerce_staging.int_ecommerce__orders"
    found = profile.wide(later)
    assert [(sum(row["total_transactions"] for row in found.values()),)] == profile.query(orders)

    profile.build(as_of, variables=variables)
    before = profile.wide(as_of)
    assert profile.query(unequal) != [(0,)]
    with Warehouse("duckdb", path=profile.path).connect() as connection:
        for column, model in (("first_seen_at", "identity_links"), ("occurred_at", "events")):
            connection.query(f"delete from ecommerce_staging.int_ecommerce__{model} where {column} >= %s", [as_of])
    profile.build(as_of, variables=variables)
    assert profile.wide(as_of) == before
