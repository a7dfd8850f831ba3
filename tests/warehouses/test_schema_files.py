"""The migration between two versions of a raw schema, on a PostgreSQL server."""

from __future__ import annotations

from pathlib import Path

import pytest

from parley import settings
from parley.unpack.schema_files import migration
from parley.warehouse import Connection
from tests.unpack.test_schema_files import SCHEMA, land
from tests.warehouses.conftest import MakeWarehouse
from tests.warehouses.product import environment


def columns(connection: Connection, schema: str) -> set[tuple[str, str, str, int | None]]:
    return {
        (table, column, kind, length)
        for table, column, kind, length in connection.query(
            "select table_name, column_name, data_type, character_maximum_length from information_schema.columns "
            "where table_schema = %s",
            [schema],
        )
    }


def test_additions_make_what_loads_have_made(
    make_warehouse: MakeWarehouse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    warehouse = make_warehouse("postgres", "schema_files")
    for name, value in environment(warehouse).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(settings, "STATE", tmp_path / "state")
    known = land(warehouse, tmp_path)
    first, last = str(known[0].number), str(known[-1].number)
    with warehouse.connect() as connection:
        for statement in migration(known, "0", first, "made", "postgres").statements:
            connection.query(statement)
        connection.query("insert into made.event_user (_record_hash, _load_id) values ('a', '1')")
        before = columns(connection, "made")
        for statement in migration(known, first, last, "made", "postgres").statements:
            connection.query(statement)
        assert before < columns(connection, "made") == columns(connection, SCHEMA)
        assert connection.query("select _record_hash, metadata__total_eur from made.event_user") == [("a", None)]
