"""Where Redshift keeps the rows of the models: every table says how they are distributed and sorted."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.warehouses.redshift_stand_in.names import RESERVED

from parley.dbt import write_manifest
from parley.pipelines import get_pipeline


@pytest.fixture(scope="module")
def tables() -> list[dict[str, Any]]:
    """The models of this project that are stored."""
    manifest = json.loads(write_manifest(get_pipeline("demo_bot")).read_text())
    stored = ("table", "incremental", "snapshot")
    return [
        node
        for node in manifest["nodes"].values()
        if node["package_name"] == "parley"
        and node["resource_type"] in ("model", "snapshot")
        and node["config"]["materialized"] in stored
    ]


def keys(table: dict[str, Any]) -> list[str]:
    """The columns of its keys, as they are written."""
    config = table["config"]
    dist = [] if config.get("dist") in (None, "all", "even", "auto") else [config["dist"]]
    sort = config.get("sort") or []
    return dist + ([sort] if isinstance(sort, str) else list(sort))


def test_every_table_is_distributed_and_what_is_large_is_sorted(tables: list[dict[str, Any]]) -> None:
    assert tables
    for table in tables:
        dist = table["config"].get("dist")
        assert dist, f"{table['name']} has no dist"
        assert dist == "all" or table["config"].get("sort"), f"{table['name']} has no sort"


def test_keys_are_columns_of_the_table_and_quoted_where_their_name_is_reserved(tables: list[dict[str, Any]]) -> None:
    for table in tables:
        for key in keys(table):
            assert key.strip('"') in table["columns"], f"{table['name']} has no column {key}"
            assert key not in RESERVED, f"{table['name']}: quote {key}"


def test_the_conversations_of_a_user_are_kept_together(tables: list[dict[str, Any]]) -> None:
    large = {table["name"]: table["config"]["dist"] for table in tables if table["fqn"][1] == "chat"}
    joined = ("int_chat__events", "interactions", "sessions", "senders", "users", "slots")
    assert {large[name] for name in joined} == {"user_id"}


def test_a_table_that_users_are_looked_for_in_is_in_the_order_of_its_time(tables: list[dict[str, Any]]) -> None:
    for table in tables:
        config = table["config"]
        if config["materialized"] == "incremental" and config["incremental_strategy"] == "replace_users":
            assert table["raw_code"].splitlines()[-1] == f"order by {config['sort']}", table["name"]
