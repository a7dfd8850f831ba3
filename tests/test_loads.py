"""The ledger: no load is lost, none is marked twice."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parley.loads import Ledger
from parley.warehouse import Connection

LEDGER = Ledger("raw", "raw.pins")


@pytest.fixture
def connection() -> Iterator[Connection]:
    with duckdb.connect() as native:
        yield empty_ledger(native)


def empty_ledger(native: duckdb.DuckDBPyConnection) -> Connection:
    connection = Connection("duckdb", native)
    connection.query("create schema raw")
    connection.query(
        "create table raw._loads (load_id varchar, schema_name varchar, status bigint,"
        " inserted_at timestamptz, schema_version_hash varchar)"
    )
    connection.query("create table raw.pins (run_id varchar, load_id varchar)")
    return connection


def arrive(connection: Connection, load_id: str) -> None:
    connection.query("insert into raw._loads values (%s, 'raw', 0, now(), 'v1')", [load_id])


def pin(connection: Connection, run_id: str, *load_ids: str) -> None:
    for load_id in load_ids:
        connection.query("insert into raw.pins values (%s, %s)", [run_id, load_id])


def test_a_load_is_new_until_its_run_is_marked(connection: Connection) -> None:
    for load_id in ("1", "2"):
        arrive(connection, load_id)
    pin(connection, "run", "1")
    assert LEDGER.new(connection) == ["1", "2"]
    assert LEDGER.mark(connection, "run") == ["1"]
    assert LEDGER.new(connection) == ["2"]
    assert [(load.load_id, load.is_new) for load in LEDGER.loads(connection)] == [("1", False), ("2", True)]
    assert connection.query("select schema_name, schema_version_hash from raw._loads where status = 1") == [
        ("raw", "v1")
    ]


def test_marking_again_adds_nothing(connection: Connection) -> None:
    arrive(connection, "1")
    pin(connection, "run", "1")
    LEDGER.mark(connection, "run")
    assert LEDGER.mark(connection, "run") == []
    assert connection.query("select count(*) from raw._loads where status = 1") == [(1,)]


def test_a_load_with_two_status_0_rows_is_marked_once(connection: Connection) -> None:
    arrive(connection, "1")
    arrive(connection, "1")
    pin(connection, "run", "1")
    assert LEDGER.mark(connection, "run") == ["1"]
    assert connection.query("select count(*) from raw._loads where status = 1") == [(1,)]
    assert LEDGER.new(connection) == []


def test_there_are_no_loads_before_the_first_was_unpacked(connection: Connection) -> None:
    assert Ledger("never_unpacked", "pins").loads(connection) == []


ACTIONS = st.lists(
    st.tuples(st.sampled_from(["arrive", "pin", "mark"]), st.sampled_from("abc"), st.sampled_from("12345")),
    max_size=30,
)


@settings(deadline=None)  # how long it takes is up to who else uses the machine
@given(ACTIONS)
def test_whatever_happens_in_whatever_order_a_load_is_done_once_and_only_when_pinned(
    actions: list[tuple[str, str, str]],
) -> None:
    arrived: set[str] = set()
    pinned: dict[str, set[str]] = {}
    done: set[str] = set()
    with duckdb.connect() as native:
        connection = empty_ledger(native)
        for action, run_id, load_id in actions:
            if action == "arrive" and load_id not in arrived:
                arrive(connection, load_id)
                arrived.add(load_id)
            elif action == "pin" and load_id in arrived:
                pin(connection, run_id, load_id)
                pinned.setdefault(run_id, set()).add(load_id)
            elif action == "mark":
                newly_done = pinned.get(run_id, set()) - done
                assert set(LEDGER.mark(connection, run_id)) == newly_done
                done |= newly_done
        assert set(LEDGER.new(connection)) == arrived - done
        marks = connection.query("select load_id from raw._loads where status = 1 order by load_id")
        assert [row[0] for row in marks] == sorted(done)
