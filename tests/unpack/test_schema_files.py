"""The schema of a raw schema as a file, and the SQL between two versions of it."""

from __future__ import annotations

import base64
import json
import zlib
from pathlib import Path
from typing import Any

import duckdb
import pytest
import sqlglot
import yaml

from parley.errors import SchemaError
from parley.pipelines import bot
from parley.unpack import schema_files
from parley.unpack.domains import unpack_new
from parley.unpack.schema_files import Version, find, migration, sources, versions
from parley.warehouse import KINDS, Connection, Kind, Warehouse

BOT = bot("demo_bot", source="unused")
SCHEMA = BOT.raw_schema
EVENT: dict[str, Any] = {"event": "user", "sender_id": "s1", "timestamp": 1_700_000_000.25}
# Columns and tables of the later events are additions to those of the earlier ones.
BATCHES = [
    [EVENT, {**EVENT, "event": "slot", "name": "city", "value": "Vienna"}],
    [{**EVENT, "metadata": {"total.eur": 1.5, "tags": ["a", {"deep": True}]}}, {**EVENT, "event": "rewind"}],
]

Columns = list[tuple[Any, ...]]


def land(warehouse: Warehouse, folder: Path) -> list[Version]:
    """Each batch as a load; the versions that came of it."""
    for number, batch in enumerate(BATCHES):
        path = folder / f"{number}.ndjson"
        path.write_text("\n".join(json.dumps(event) for event in batch))
        unpack_new(BOT, warehouse, str(path))
    with warehouse.connect() as connection:
        return versions(connection, SCHEMA)


def columns(connection: Connection) -> Columns:
    """Every column of the raw schema with its type."""
    return connection.query(
        "select table_name, column_name, data_type, is_nullable from information_schema.columns "
        "where table_schema = %s order by 1, 2",
        [SCHEMA],
    )


@pytest.fixture
def known(warehouse: Warehouse, tmp_path: Path) -> list[Version]:
    return land(warehouse, tmp_path)


def script(known: list[Version], old: str, new: str, dialect: Kind) -> list[str]:
    return migration(known, old, new, SCHEMA, dialect).statements


def test_additions_bring_an_older_schema_to_the_one_that_loads_have_made(
    known: list[Version], warehouse: Warehouse
) -> None:
    first, last = (str(version.number) for version in (known[0], known[-1]))
    assert first != last
    made = Connection("duckdb", duckdb.connect())
    for statement in script(known, "0", first, "duckdb"):
        made.query(statement)
    # Rows that are there stay, whatever is added to their table.
    made.query(f"insert into {SCHEMA}.event_user (_record_hash, _load_id) values ('a', '1')")
    before = set(columns(made))
    for statement in script(known, first, last, "duckdb"):
        made.query(statement)
    assert before < set(columns(made))
    direct = Connection("duckdb", duckdb.connect())
    for statement in script(known, "empty", last, "duckdb"):
        direct.query(statement)
    with warehouse.connect() as connection:
        assert _types(columns(connection)) == _types(columns(made)) == _types(columns(direct))
    assert made.query(f"select _record_hash, metadata__total_eur from {SCHEMA}.event_user") == [("a", None)]


def _types(found: Columns) -> Columns:
    """Without what a column that was added to rows cannot have: `not null`."""
    return [column[:3] for column in found]


@pytest.mark.parametrize("dialect", KINDS)
def test_the_sql_only_adds_and_is_that_of_its_dialect(known: list[Version], dialect: Kind) -> None:
    first, last = (str(version.number) for version in (known[0], known[-1]))
    for old in ("0", first):
        statements = script(known, old, last, dialect)
        assert statements
        for statement in statements:
            parsed = sqlglot.parse_one(statement, read=dialect, error_level=sqlglot.ErrorLevel.RAISE)
            if isinstance(parsed, sqlglot.exp.Alter):
                assert all(isinstance(action, sqlglot.exp.ColumnDef) for action in parsed.args["actions"])
                assert len(parsed.args["actions"]) == 1 or dialect == "postgres"
            else:
                assert isinstance(parsed, sqlglot.exp.Create)
    [added] = [text for text in script(known, first, last, dialect) if '"metadata__total_eur"' in text]
    assert ("DOUBLE" if dialect == "duckdb" else "double precision") in added
    [table] = [text for text in script(known, first, last, dialect) if '"event_user__metadata__tags"' in text]
    text_type = {"duckdb": "VARCHAR", "postgres": "varchar", "redshift": "varchar(max)"}[dialect]
    assert f'"_parent_hash" {text_type} ' in table


def test_what_is_no_addition_is_said(known: list[Version]) -> None:
    first, last = known[0], known[-1]
    back = migration(known, str(last.number), first.hash, SCHEMA, "duckdb")
    assert back.statements == []
    assert "table event_rewind is gone" in back.not_additions
    assert "column event_user.metadata__total_eur is gone" in back.not_additions

    content = json.loads(json.dumps(last.content))
    content["tables"]["event"]["columns"]["_pos"]["data_type"] = "double"
    retyped = Version(99, "retyped", last.stored_at, content)
    found = migration([*known, retyped], str(last.number), "99", SCHEMA, "postgres")
    assert found.not_additions == ["column event._pos was bigint and is double precision"]
    assert str(found) == "-- not an addition: column event._pos was bigint and is double precision"
    assert str(migration(known, first.hash, first.hash, SCHEMA, "postgres")) == "-- nothing to add"


def test_a_version_has_a_number_and_a_hash(known: list[Version]) -> None:
    last = known[-1]
    assert find(known, str(last.number)) == find(known, last.hash) == find(known, last.hash[:12]) == last
    with pytest.raises(SchemaError, match=rf"no version '77'\. There are: .*{last.number} \("):
        find(known, "77")
    twin = Version(last.number, "other", last.stored_at, last.content)
    with pytest.raises(SchemaError, match="More than one"):
        find([*known, twin], str(last.number))


def test_a_schema_that_is_not_there_is_said(known: list[Version], warehouse: Warehouse) -> None:
    del known
    with warehouse.connect() as connection:
        with pytest.raises(SchemaError, match=r"'nobody_event'\. Nothing was unpacked there"):
            versions(connection, "nobody_event")
        connection.query("create schema foreign_raw")
        connection.query("create table foreign_raw.tracks (id varchar)")
        with pytest.raises(SchemaError, match="`parley unpack` did not make it"):
            versions(connection, "foreign_raw")


def test_a_version_that_was_too_long_for_its_column_is_unpacked(known: list[Version], warehouse: Warehouse) -> None:
    packed = base64.b64encode(zlib.compress(json.dumps(known[0].content).encode())).decode()
    with warehouse.connect() as connection:
        connection.query(
            f'update {SCHEMA}._versions set "schema" = %s where version_hash = %s', [packed, known[0].hash]
        )
        assert versions(connection, SCHEMA) == known


def test_the_sources_file_has_every_table_and_column_with_types_and_descriptions(
    known: list[Version], warehouse: Warehouse
) -> None:
    text = sources(known[-1], SCHEMA, "duckdb")
    [source] = yaml.safe_load(text)["sources"]
    assert (source["name"], source["schema"]) == (SCHEMA, SCHEMA)
    with warehouse.connect() as connection:
        expected = {(table, name): kind for table, name, kind, _ in columns(connection)}
    exported = {
        (table["name"], column["name"]): column["data_type"]
        for table in source["tables"]
        for column in table["columns"]
    }
    assert exported == expected
    tables = {table["name"]: table for table in source["tables"]}
    # The project's own words, of dbt/models/chat.
    assert tables["event_user"]["description"] == "Messages of users."
    described = {
        column["name"]: column.get("description") for column in tables["event_user__metadata__tags"]["columns"]
    }
    assert described["_parent_hash"] == schema_files.COLUMNS["_parent_hash"]
    assert "data_type: varchar(max)" in sources(known[-1], SCHEMA, "redshift")
