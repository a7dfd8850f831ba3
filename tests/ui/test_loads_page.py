"""What the Loads page shows: states, filters, and the extract when the warehouse is held."""

from __future__ import annotations

import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from parley import settings
from parley.extracts import Counts, Extract, LoadFacts, write_extract
from parley.loads import Load
from parley.pipelines import bot, support_desk
from parley.ui.loads_page import Filter, Row, Source, chosen, count_by_status, make_rows, read
from parley.warehouse import Warehouse
from tests.test_warehouse import SERVER, silent_server

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)
BOT, SUPPORT = bot("helper", source="nowhere"), support_desk()


def facts(load_id: str, *runs: str, done: bool = False, counts: Counts | None = None) -> LoadFacts:
    arrived = NOW - timedelta(hours=int(load_id))
    return LoadFacts(Load(load_id, arrived, arrived + timedelta(minutes=30) if done else None), runs, counts)


def rows() -> list[Row]:
    loads = {
        "helper": [
            facts("4", "r1", "r2", done=True, counts=Counts(2, 9, {"not JSON": 3})),
            facts("3", "r3", "r4"),
            facts("2", "r5"),
            facts("1"),
        ],
        "support": [facts("5", "by_hand")],
    }
    states = {"chat_helper": {"r2": "failed", "r4": "failed", "r5": "running"}}
    return make_rows([BOT, SUPPORT], loads, states, NOW)


def test_the_latest_comes_first_and_each_has_its_status_and_lag() -> None:
    assert [(row.load_id, row.status, row.lag) for row in rows()] == [
        ("1", "new", timedelta(hours=1)),
        ("2", "running", timedelta(hours=2)),
        ("3", "failed", timedelta(hours=3)),
        # Done it stays, whatever became of a later run on it.
        ("4", "done", timedelta(minutes=30)),
        ("5", "new", timedelta(hours=5)),
    ]


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        (Filter(), "12345"),
        (Filter(pipeline="support"), "5"),
        (Filter(status="new"), "15"),
        (Filter(status="new", pipeline="helper"), "1"),
        (Filter(text="JSON"), "4"),
        (Filter(text="r4"), "3"),
        (Filter(text="HELPER"), "1234"),
        (Filter(text="nothing like it"), ""),
    ],
)
def test_filters(asked: Filter, found: str) -> None:
    assert "".join(row.load_id for row in chosen(rows(), asked)) == found


def test_statuses_are_counted() -> None:
    assert count_by_status(rows()) == {"failed": 1, "new": 2, "running": 1, "done": 1}


@pytest.mark.usefixtures("warehouse")
def test_before_there_is_a_warehouse_there_are_no_loads() -> None:
    loads, source = read([BOT])
    assert loads == {"helper": []}
    assert source.made_at is None


def test_loads_are_read_live_with_the_counts_that_were_published(warehouse: Warehouse) -> None:
    with warehouse.connect() as connection:
        connection.query("create schema helper_event")
        connection.query("create table helper_event._loads (load_id varchar, status bigint, inserted_at timestamptz)")
        connection.query("insert into helper_event._loads values ('1', 0, now()), ('1', 1, now()), ('2', 0, now())")
    write_extract("helper", Extract(NOW, [facts("1", counts=Counts(5, 6))]))
    loads, source = read([BOT])
    assert source.made_at is None
    assert [(f.load.load_id, f.load.is_new, f.counts) for f in loads["helper"]] == [
        ("1", False, Counts(5, 6)),
        ("2", True, None),
    ]


def test_while_the_warehouse_is_held_the_extract_is_read_at_once(warehouse: Warehouse) -> None:
    write_extract("helper", Extract(NOW, [facts("1")]))
    code = "import duckdb, sys; c = duckdb.connect(sys.argv[1]); print('held', flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", code, str(warehouse.path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout
        assert holder.stdout.readline() == "held\n"
        loads, source = read([BOT, SUPPORT])
        holder.communicate("\n")
    assert [f.load.load_id for f in loads["helper"]] == ["1"]
    assert loads["support"] == []
    assert source.made_at == NOW
    assert "A run is working" in source.why


def test_what_the_warehouse_refuses_to_tell_is_read_from_the_extract(
    warehouse: Warehouse, caplog: pytest.LogCaptureFixture
) -> None:
    with warehouse.connect() as connection:
        connection.query("create schema helper_event")
        connection.query("create table helper_event._loads (something_else integer)")
    write_extract("helper", Extract(NOW, [facts("1")]))
    loads, source = read([BOT])
    assert [f.load.load_id for f in loads["helper"]] == ["1"]
    assert source == Source(NOW, "The warehouse does not say which loads there are.")
    assert "Binder Error" in caplog.text


def test_a_server_that_is_silent_is_not_waited_for(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A view takes a thread of Airflow's API server, which has 40 for tasks and people alike."""
    monkeypatch.setattr(settings, "STATE", tmp_path)
    write_extract("helper", Extract(NOW, [facts("1")]))
    with silent_server() as port:
        for name, value in {**SERVER, "WAREHOUSE": "redshift", "PG_HOST": "127.0.0.1", "PG_PORT": str(port)}.items():
            monkeypatch.setenv(name, value)
        started = time.monotonic()
        loads, source = read([BOT])
        assert time.monotonic() - started < 10
    assert [f.load.load_id for f in loads["helper"]] == ["1"]
    assert source == Source(NOW, "The warehouse cannot be reached.")
