"""What the other tests see on DuckDB, on the warehouses that are servers: the ledger, the sensor, odd input."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from parley import settings
from parley.errors import WarehouseUnreachableError
from parley.loads import Ledger
from parley.pipelines import get_pipeline
from parley.registered_loads import register_loads
from parley.results import NodeResult, append, outcome, table
from parley.services import free_port
from parley.triggers import new_loads
from parley.unpack.domains import unpack_new
from parley.unpack.turn import turn_everywhere
from parley.unpack.values import LONGEST_TEXT
from parley.warehouse import Kind, Warehouse
from tests.warehouses.conftest import MakeWarehouse
from tests.warehouses.product import environment

BOT = get_pipeline("demo_bot")
EVENT: dict[str, Any] = {"event": "user", "sender_id": "s1", "timestamp": 1_700_000_000.25}
Land = Callable[..., str | None]


@pytest.fixture(params=["postgres", "redshift"])
def server(
    request: pytest.FixtureRequest, make_warehouse: MakeWarehouse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Warehouse:
    """An empty warehouse, which the environment names."""
    warehouse = make_warehouse(request.param, "servers")
    for name, value in environment(warehouse).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(settings, "STATE", tmp_path / "state")
    monkeypatch.setenv("DLT_DATA_DIR", str(tmp_path / "dlt"))
    return warehouse


@pytest.fixture
def land(server: Warehouse, tmp_path: Path) -> Land:
    def land(*events: dict[str, Any]) -> str | None:
        source = tmp_path / "events.ndjson"
        source.write_text("\n".join(json.dumps(event) for event in events))
        return unpack_new(BOT, server, str(source)).load_id

    return land


def test_a_statement_takes_as_long_as_it_takes_but_for_who_cannot_wait(server: Warehouse) -> None:
    # Some seconds: Redshift, and so its stand-in, has no pg_sleep.
    counted = "with recursive n (i) as (select 1 union all select i + 1 from n where i < 20000000) select max(i) from n"
    with server.connect() as connection:
        assert connection.query("show statement_timeout") == [("0",)]
        if server.kind == "redshift":
            assert connection.native._usock.gettimeout() is None
    with server.connect(within=1) as connection:
        started = time.monotonic()
        with pytest.raises(Exception, match=r"timeout|timed out"):
            connection.query(counted)
        assert time.monotonic() - started < 5


def test_a_load_is_new_until_its_run_is_marked_and_what_died_is_swept_away(server: Warehouse, land: Land) -> None:
    assert new_loads("demo_bot") == []
    first = land(EVENT)
    assert new_loads("demo_bot") == [first]
    with server.connect() as connection:
        connection.query("create schema pins")
        connection.query("create table pins.pins (run_id varchar(255), load_id varchar(255))")
        connection.query("insert into pins.pins values ('run 1', %s)", [first])
        ledger = Ledger(BOT.raw_schema, "pins.pins")
        assert ledger.mark(connection, "run 1") == [first]
        assert ledger.mark(connection, "run 1") == []
        [load] = ledger.loads(connection)
        assert load.done_at is not None
        assert load.done_at >= load.arrived_at
        assert new_loads("demo_bot") == []

        events = f"{BOT.raw_schema}.event"
        connection.query(f"insert into {events} (_record_hash, _load_id) values ('orphan', '1.5')")
        second = land(EVENT, {**EVENT, "sender_id": "s2"})
        assert new_loads("demo_bot") == [second]
        assert connection.query(f"select sender_id, _pos from {events} order by 1") == [("s1", 0), ("s2", 0)]


def test_what_is_odd_comes_through(server: Warehouse, land: Land) -> None:
    texts = [
        "it's",
        'a "quoted" \\ back\\slash \\n',
        "%s %d $1 :x ?",
        "line\nfeed\ttab",
        "\U0001f600 ä",
        "é" * 40_000,
        "",
    ]
    land(*({**EVENT, "text": text, "timestamp": number} for number, text in enumerate(texts, start=1)))
    with server.connect() as connection:
        rows = connection.query(f'select text from {BOT.raw_schema}.event_user order by "timestamp"')
    limit = LONGEST_TEXT if server.kind == "redshift" else 10**9
    assert [row[0] for row in rows] == [text.encode()[:limit].decode(errors="ignore") for text in texts]
    # The same again adds nothing, also where its text was cut.
    assert land(*({**EVENT, "text": text, "timestamp": number} for number, text in enumerate(texts, start=1))) is None


@pytest.mark.parametrize("kind", ["postgres", "redshift"])
def test_a_server_that_is_down_is_named(kind: Kind) -> None:
    port = free_port()
    warehouse = Warehouse(kind, None, "127.0.0.1", port, "parley", "hunter2", "analytics", "disable")
    with (
        pytest.raises(WarehouseUnreachableError, match=f"{kind} at 127.0.0.1:{port}, database 'analytics'") as raised,
        warehouse.connect(),
    ):
        pass
    assert "hunter2" not in str(raised.value)


@pytest.mark.parametrize("server", ["postgres"], indirect=True)
def test_postgres_finds_the_rows_of_a_load_and_of_a_conversation_by_index(server: Warehouse, land: Land) -> None:
    land(EVENT)
    with server.connect() as connection:
        rows = connection.query(
            "select indexname from pg_indexes where schemaname = %s and tablename = 'event_user'", [BOT.raw_schema]
        )
    assert {"event_user_sender_id", "event_user__load_id"} <= {row[0] for row in rows}


@pytest.mark.parametrize("server", ["postgres"], indirect=True)
def test_an_unpacking_waits_for_one_on_another_machine(
    server: Warehouse, land: Land, caplog: pytest.LogCaptureFixture
) -> None:
    with ThreadPoolExecutor(1) as pool:
        with server.connect() as elsewhere:
            turn_everywhere(elsewhere, "demo_bot_event")
            waiting = pool.submit(land, EVENT)
            with pytest.raises(TimeoutError):
                waiting.result(timeout=3)
            assert elsewhere.tables("demo_bot_event") == set()
        assert waiting.result(timeout=60)
    assert caplog.messages.count("Waiting for another unpacking into demo_bot_event to end") == 1


def test_lists_are_unnested_and_joined_into_texts(make_warehouse: MakeWarehouse) -> None:
    order = '{"lines": [{"id": "b", "price": 1.50}, {"id": "B"}, {"id": null}]}'
    query = f"""
        select
            listagg(json_extract_path_text(json_serialize(line), 'id', true), ',') within group (order by line_nr desc),
            max(line_nr)
        from (select json_parse(json_extract_path_text('{order}', 'lines', true)) as lines) as orders,
            orders.lines as line at line_nr
    """
    with make_warehouse("redshift", "lists").connect() as connection:
        assert connection.query(query) == [("B,b", 2)]
        assert connection.query(
            "select is_valid_json_array('[1]'), is_valid_json_array('{}'), is_valid_json_array('[1')"
        ) == [(True, False, False)]
        assert connection.query("select json_extract_path_text('{', 'a', true)") == [(None,)]


def test_what_dbt_did_is_kept(server: Warehouse) -> None:
    ended = datetime(2026, 1, 5, 7, 1)
    done = NodeResult("i1", "run 1", "demo_bot", "test.parley.a", "test", "pass", 0.5, None, 0, "it's %s", ended)
    with server.connect() as connection:
        append(connection, [done])
        append(connection, [replace(done, node="model.parley.b", status="success", rows_affected=3)])
        assert outcome(connection, "demo_bot", "run 1").tests_passed == 1
        rows = connection.query(f"select message, executed_at from {table()} where node = 'test.parley.a'")
        assert rows == [("it's %s", ended)]


def test_what_rudderstack_wrote_is_registered_once(server: Warehouse) -> None:
    with server.connect() as connection:
        connection.query("create schema rudder")
        connection.query("create table rudder.tracks (id varchar(255), uuid_ts timestamp)")
        connection.query("insert into rudder.tracks values ('a', '2026-01-05 06:00:00')")
    load_id = register_loads(server, "rudder")
    assert load_id == "2026-01-05 06:00:00.000000"
    assert register_loads(server, "rudder") is None
    with server.connect() as connection:
        assert Ledger("rudder", "pins.pins").new(connection) == [load_id]


def test_times_are_in_utc_whatever_the_user_has_set(make_warehouse: MakeWarehouse) -> None:
    server = make_warehouse("postgres", "zones")
    with server.connect() as connection:
        connection.query(f"alter database {server.database} set timezone to 'America/New_York'")
    with server.connect() as connection:
        zoned = "cast('2026-01-01 12:00+00' as timestamp with time zone)"
        assert connection.query(f"select cast('2026-01-01 12:00' as timestamp) = {zoned}") == [(True,)]
