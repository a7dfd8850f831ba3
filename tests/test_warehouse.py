"""Where the warehouse is, and waiting for its lock."""

from __future__ import annotations

import logging
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from threading import Event

import pytest

from parley.errors import ConfigurationError, WarehouseBusyError, WarehouseUnreachableError
from parley.warehouse import Kind, Warehouse

SERVER = {"PG_HOST": "db", "PG_USER": "u", "PG_PASSWORD": "hunter2", "PG_DATABASE_NAME": "d"}


@contextmanager
def held(path: Path, seconds: float) -> Iterator[int]:
    """Another process that has the file open for writing; gives its process id."""
    code = f"import duckdb, time; c = duckdb.connect({str(path)!r}); print('held', flush=True); time.sleep({seconds})"
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield process.pid
        process.kill()


@contextmanager
def silent_server() -> Iterator[int]:
    """A server that takes connections and never says a word; gives its port."""
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        yield silent.getsockname()[1]


@pytest.mark.parametrize("read_only", [False, True])
def test_it_waits_for_the_lock_and_says_who_holds_it(
    warehouse: Warehouse, caplog: pytest.LogCaptureFixture, read_only: bool
) -> None:
    assert warehouse.path is not None
    with held(warehouse.path, seconds=1.5) as pid, caplog.at_level(logging.WARNING):
        started = time.monotonic()
        with warehouse.connect(read_only=read_only) as connection:
            assert connection.query("select 1") == [(1,)]
        assert time.monotonic() - started > 0.5
    assert re.search(rf"Waiting for .*warehouse\.duckdb, held by .*\(PID {pid}\)", caplog.text)


def test_it_waits_for_another_thread_of_this_process_too(
    warehouse: Warehouse, caplog: pytest.LogCaptureFixture
) -> None:
    with warehouse.connect():
        pass  # a file that is not there cannot be opened for reading
    reading = Event()

    def read() -> None:
        with warehouse.connect(read_only=True):
            reading.set()
            time.sleep(1)

    with ThreadPoolExecutor(1) as pool, caplog.at_level(logging.WARNING):
        reader = pool.submit(read)
        assert reading.wait(10)
        with warehouse.connect() as connection:
            connection.query("create table t (a integer)")
        reader.result()
    assert "held by another thread of this process" in caplog.text


def test_a_wait_in_vain_says_what_to_do(warehouse: Warehouse) -> None:
    assert warehouse.path is not None
    with (
        held(warehouse.path, seconds=30),
        pytest.raises(WarehouseBusyError, match=r"not free within 1 s.*close that process"),
        warehouse.connect(wait=1),
    ):
        pass


def test_another_error_is_not_waited_for(tmp_path: Path) -> None:
    (tmp_path / "warehouse.duckdb").write_text("no database")
    for path, why in {
        tmp_path / "warehouse.duckdb": "not a valid DuckDB database",
        tmp_path / "no_folder" / "warehouse.duckdb": "No such file or directory",
    }.items():
        with (
            pytest.raises(WarehouseUnreachableError, match=rf"Cannot open DuckDB at {path}.*{why}[^$]*WAREHOUSE_PATH"),
            Warehouse("duckdb", path=path).connect(),
        ):
            pass


@pytest.mark.parametrize(
    ("kind", "sslmode"),
    [("postgres", "prefer"), ("postgres", "disable"), ("redshift", "prefer"), ("redshift", "disable")],
)
def test_a_server_that_is_silent_is_given_up(monkeypatch: pytest.MonkeyPatch, kind: Kind, sslmode: str) -> None:
    monkeypatch.setattr("parley.warehouse.CONNECT_SECONDS", 2)
    started = time.monotonic()
    with (
        silent_server() as port,
        pytest.raises(WarehouseUnreachableError, match=rf"Cannot connect to {kind} at 127\.0\.0\.1:{port}"),
        Warehouse(kind, None, "127.0.0.1", port, "u", "p", "d", sslmode).connect(),
    ):
        pass
    assert time.monotonic() - started < 10


def test_the_default_is_a_file_in_the_project() -> None:
    warehouse = Warehouse.from_env({})
    assert warehouse.kind == "duckdb"
    assert warehouse.path is not None
    assert warehouse.path.name == "warehouse.duckdb"
    assert warehouse.path.is_absolute()


@pytest.mark.parametrize(("kind", "port"), [("postgres", 5432), ("redshift", 5439)])
def test_a_server_has_its_usual_port(kind: str, port: int) -> None:
    warehouse = Warehouse.from_env({**SERVER, "WAREHOUSE": kind})
    assert (warehouse.kind, warehouse.host, warehouse.port) == (kind, "db", port)
    assert "hunter2" not in repr(warehouse) + str(warehouse)


@pytest.mark.parametrize(
    ("env", "message"),
    [
        ({"WAREHOUSE": "oracle"}, "WAREHOUSE is 'oracle'. Set it to one of duckdb, postgres, redshift"),
        ({"WAREHOUSE": "redshift", "PG_HOST": "db"}, "needs PG_USER, PG_PASSWORD, PG_DATABASE_NAME"),
        ({**SERVER, "WAREHOUSE": "postgres", "PG_PORT": "x"}, "PG_PORT is 'x'"),
    ],
)
def test_a_wrong_setting_names_the_variable(env: dict[str, str], message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        Warehouse.from_env(env)


def test_times_are_in_utc_wherever_the_machine_is(warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "America/New_York")
    time.tzset()
    try:
        for read_only in (False, True):
            with warehouse.connect(read_only=read_only) as connection:
                [[is_same]] = connection.query("select timestamp '2026-01-01 12:00' = timestamptz '2026-01-01 12:00Z'")
            assert is_same
    finally:
        monkeypatch.undo()
        time.tzset()
