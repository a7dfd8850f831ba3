"""The script of grants gives the pipeline and the readers what they need, and no more."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psycopg2
import pytest

from parley.warehouse import Warehouse
from tests.warehouses.conftest import MakeWarehouse

SCRIPT = Path(__file__).parents[2] / "docs" / "sql" / "grants.sql"
USERS = ("parley_pipeline", "parley_dashboard")


@pytest.fixture
def granted(make_warehouse: MakeWarehouse) -> Iterator[Warehouse]:
    warehouse = make_warehouse("postgres", "grants")
    with warehouse.connect() as connection:
        connection.query(SCRIPT.read_text().replace("database analytics", f"database {warehouse.database}"))
    yield warehouse
    with warehouse.connect() as connection:
        # Users are of the server, not of the database.
        for role in ("parley_readers", *USERS):
            connection.query(f"drop owned by {role} cascade")
            connection.query(f"drop role {role}")


def test_readers_read_the_marts_and_nothing_else(granted: Warehouse) -> None:
    pipeline, dashboard = (replace(granted, user=user) for user in USERS)
    mart = "demo_bot_views.sessions"
    with pipeline.connect() as connection:
        connection.query("create schema demo_bot_event")
        connection.query("create table demo_bot_event.event as select 1 as a")
        connection.query("create temporary table t as select 1 as a")
        connection.query(f"create table {mart} as select 1 as a")
    with dashboard.connect() as connection:
        assert connection.query(f"select a from {mart}") == [(1,)]
        for refused in (f"insert into {mart} values (2)", "select * from demo_bot_event.event", "create schema s"):
            with pytest.raises(psycopg2.errors.InsufficientPrivilege):
                connection.query(refused)
    with pipeline.connect() as connection:
        connection.query(f"drop table {mart}")
        connection.query(f"create table {mart} as select 2 as a")
        with pytest.raises(psycopg2.errors.InsufficientPrivilege):
            connection.query("create user another")
    with dashboard.connect() as connection:
        assert connection.query(f"select a from {mart}") == [(2,)]


def test_the_script_has_no_password_that_somebody_could_keep() -> None:
    assert all("Replace" in password for password in re.findall(r"password '(.*?)'", SCRIPT.read_text()))
