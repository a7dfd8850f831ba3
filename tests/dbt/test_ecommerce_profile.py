"""Every feature of the user profile against a second computation in Python, over random histories."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from chat_project import DBT
from dbt.cli.main import dbtRunner
from profile_histories import COLUMNS, history
from profile_reference import Row, Settings, Tables, features, plain

from parley.warehouse import Warehouse

AS_OF = [datetime(2024, 2, 10), datetime(2024, 2, 10, 7), datetime(2024, 1, 9), datetime(2024, 3, 20, 18)]
SMALL = Settings(
    lookback_days=(1, 14),
    session_cutoff_in_sec=3600,
    main_id="anonymous_id",
    card_types=("paypal",),
    var_max_list_size=2,
    var_max_cart_size=2,
)
ARRAYS = ("campaign_sources", "payment_modes", "items_purchased_ever", "categories_purchased_ever")


@dataclass(frozen=True)
class Profile:
    """The models of the profile on tables that stand for the staging models."""

    path: Path
    targets: Path

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        with Warehouse("duckdb", path=self.path).connect() as connection:
            return connection.query(sql)

    def fill(self, tables: Tables) -> None:
        with Warehouse("duckdb", path=self.path).connect() as connection:
            connection.query("create schema if not exists ecommerce_staging")
            for name, columns in COLUMNS.items():
                prefix = "int" if name in ("orders", "order_items") else "stg"
                table = f"ecommerce_staging.{prefix}_ecommerce__{name}"
                defined = ", ".join(f"{column} {kind}" for column, kind in columns.items())
                connection.query(f"create or replace table {table} ({defined})")
                for row in tables[name]:
                    marks = ", ".join(["%s"] * len(columns))
                    connection.query(f"insert into {table} values ({marks})", [row[column] for column in columns])

    def build(self, as_of: datetime | str, settings: Settings = Settings(), *, check: bool = True) -> str:
        """Compute the features as of a moment; what dbt said when it failed."""
        given = as_of if isinstance(as_of, str) else as_of.isoformat()
        folders = ["--project-dir", str(DBT), "--profiles-dir", str(DBT), "--target-path", str(self.targets / "profile")]
        select = ["--select", "path:models/ecommerce/intermediate/profile", "path:models/ecommerce/marts/profile"]
        environment = {"WAREHOUSE": "duckdb", "WAREHOUSE_PATH": str(self.path), "DEPLOY_ENV": "dev"}
        with pytest.MonkeyPatch.context() as patch:
            for name, value in {**environment, "PARLEY_END_DATE": given}.items():
                patch.setenv(name, value)
            variables = ["--vars", json.dumps(settings.dbt_vars()), "--log-path", str(self.targets / "profile")]
            done = dbtRunner().invoke(["run", *select, *folders, *variables, "--quiet"])
        said = str(done.exception or [node.message for node in done.result if node.status == "error"])
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
        return {user: {name: plain(name, value) for name, value in row.items()} for user, row in found.items()}

    def long(self, as_of: datetime) -> dict[str, Row]:
        found: dict[str, Row] = {}
        for row in self.rows("event_stream_feature_table"):
            if row["timestamp"] == as_of:
                values = {kind: row[f"feature_value_{kind}"] for kind in ("numeric", "string", "array")}
                value = values.pop(row["feature_type"])
                assert set(values.values()) == {None}
                own = found.setdefault(row["user_id"], {})
                assert row["feature_name"] not in own
                own[row["feature_name"]] = plain(row["feature_name"], value)
        return found


@pytest.fixture
def profile(tmp_path: Path, targets: Path) -> Profile:
    return Profile(tmp_path / "warehouse.duckdb", targets)


def expected(tables: Tables, as_of: datetime, settings: Settings) -> dict[str, Row]:
    found = features(tables, as_of, settings)
    return {user: {name: plain(name, value) for name, value in row.items()} for user, row in found.items()}


def assert_same(found: dict[str, Row], wanted: dict[str, Row]) -> None:
    """Feature by feature, so that a failure names one."""
    assert found.keys() == wanted.keys()
    for user, row in wanted.items():
        assert found[user].keys() == row.keys()
        for name, value in row.items():
            assert found[user][name] == pytest.approx(value, abs=1e-6), (user, name)


@pytest.mark.parametrize("settings", [Settings(), SMALL], ids=["defaults", "small"])
@pytest.mark.parametrize("seed", range(3))
def test_every_feature(profile: Profile, seed: int, settings: Settings) -> None:
    tables = history(seed)
    profile.fill(tables)
    # Out of order, as a backfill does, and one date twice.
    for as_of in [*AS_OF, AS_OF[0]]:
        profile.build(as_of, settings)
    for as_of in AS_OF:
        wanted = expected(tables, as_of, settings)
        assert len(wanted) > 3
        assert_same(profile.wide(as_of), wanted)
        assert profile.long(as_of) == profile.wide(as_of)
    latest = profile.rows("event_stream_customer_features_latest")
    assert {row["timestamp"] for row in latest} == {max(AS_OF)}
    assert len(latest) == len(profile.wide(max(AS_OF)))
