"""What dlt is told: where to load to, and which Arrow tables to load."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import dlt
import pyarrow as pa
import pyarrow.compute as pc
from dlt.common.data_types import TDataType
from dlt.common.schema.typing import TColumnSchema, TTableSchemaColumns
from dlt.common.storages import LoadStorage, NormalizeStorage
from dlt.destinations.impl.duckdb.configuration import DuckDbCredentials

from parley import settings
from parley.unpack.columns import Types
from parley.unpack.contract import Contract
from parley.unpack.naming import RECORD_HASH
from parley.unpack.prepare import QUARANTINE, QUARANTINE_COLUMNS
from parley.unpack.values import LONGEST_TEXT, within
from parley.warehouse import Connection, Kind, Warehouse

# In MB; and how often DuckDB has the values of the widest columns in memory, of as many rows as are in one of its
# vectors, which are never on disk.
DUCKDB_MEMORY = 100
COPIES_HELD = 4
ROWS_HELD = 2048
# DuckDB's own default. dlt sets a gigabyte, with which all of a load but its largest tables is written twice: to the
# log before it, and into the file at the end.
CHECKPOINTS = "checkpoint_threshold = '16MiB'"


def pipeline(schema: str, warehouse: Warehouse, connection: Connection) -> dlt.Pipeline:
    """dlt's pipeline into a raw schema, which knows what the schema holds already."""
    made = dlt.pipeline(
        schema,
        destination=_destination(warehouse, connection),
        staging=_staging(warehouse.kind),
        dataset_name=schema,
        pipelines_dir=str(settings.STATE / "dlt" / "pipelines"),
    )
    if made.has_pending_data or _was_ended_while_reading(made):
        # What dlt would go on with may be half in: it comes again from the source. The rest of dlt's state is in the
        # warehouse too and is restored from there.
        made = made.drop()
    made.sync_destination()
    return made


def _was_ended_while_reading(made: dlt.Pipeline) -> bool:
    """Whether there are files of a load that dlt was still making: it would never look at them again."""
    folder = Path(made.working_dir) / "normalize"
    return any(path.is_dir() and path.name != NormalizeStorage.EXTRACTED_FOLDER for path in folder.glob("*"))


def delete_files(made: dlt.Pipeline) -> None:
    """Delete what dlt keeps of loads that are complete: a copy of all of their rows, for good."""
    for load in (Path(made.working_dir) / "load" / LoadStorage.LOADED_FOLDER).iterdir():
        shutil.rmtree(load)


def known_types(schema: dlt.Schema | None, contract: Contract) -> dict[str, Types]:
    """The types of the columns that a raw schema has, if there is one, and of those that its contract promises."""
    types = {str(table["name"]): _types(table["columns"]) for table in schema.data_tables()} if schema else {}
    for table, promised in {**contract.tables, QUARANTINE: QUARANTINE_COLUMNS}.items():
        types[table] = {RECORD_HASH: "text", **promised, **types.get(table, {})}
    return types


def _types(columns: TTableSchemaColumns) -> Types:
    return {name: kind for name, column in columns.items() if (kind := column.get("data_type"))}


def source(schema_name: str, contract: Contract, tables: Iterator[tuple[str, pa.Table]], kind: Kind) -> Any:
    """dlt's source of Arrow tables for the raw tables of the same names."""
    schema = dlt.Schema(schema_name)
    if kind == "redshift":
        for table, columns in contract.tables.items():
            schema.update_table({"name": table, "columns": {c: _column(c, t, contract) for c, t in columns.items()}})

    @dlt.resource(name=schema_name)
    def resource() -> Iterator[Any]:
        for name, table in tables:
            yield dlt.mark.with_table_name(_within_redshift(table) if kind == "redshift" else table, name)

    return dlt.source(lambda: resource, schema=schema)()


def limit_memory(connection: Connection, widest: int) -> None:
    """Let DuckDB take little memory, and what it needs for the bytes that it cannot but hold."""
    if connection.kind == "duckdb":
        needed = DUCKDB_MEMORY // 2 + COPIES_HELD * widest // 1_000_000
        connection.query(f"set memory_limit = '{max(DUCKDB_MEMORY, needed)}MB'")


def spare_memory(connection: Connection) -> None:
    """Let DuckDB write a load in little memory, whatever there is of it: what it has not written yet goes to disk."""
    if connection.kind == "duckdb":
        limit_memory(connection, widest=0)
        # To keep the order of rows, in which nothing here is interested, it would hold all of a table back.
        connection.query("set preserve_insertion_order = false")
        # dlt writes several tables at a time; to share each of these among threads costs more than it gives.
        connection.query("set threads = 1")


def create_indexes(connection: Connection, schema: str, contract: Contract) -> None:
    """Let PostgreSQL find the rows of a load, and of a sequence, without reading all there are."""
    if connection.kind != "postgres" or contract.sequences is None:
        return
    _, sequence = contract.sequences
    for table, columns in contract.tables.items():
        if sequence in columns:
            for column in (sequence, "_load_id", "_record_hash"):
                connection.query(f'create index if not exists "{table}_{column}" on {schema}.{table} ({column})')


def _column(name: str, data_type: TDataType, contract: Contract) -> TColumnSchema:
    """A column, and whether Redshift distributes or sorts the rows by it."""
    column: TColumnSchema = {"name": name, "data_type": data_type}
    if contract.sequences is not None and name == contract.sequences[1]:
        column["cluster"] = True
    if name == "timestamp":
        column["sort"] = True
    return column


def _within_redshift(table: pa.Table) -> pa.Table:
    """The table, with texts cut to what a column of Redshift can hold."""
    for number, column in enumerate(table.columns):
        if pa.types.is_string(column.type) and (pc.max(pc.binary_length(column)).as_py() or 0) > LONGEST_TEXT:
            texts = [text and within(text, LONGEST_TEXT) for text in column.to_pylist()]
            table = table.set_column(number, table.field(number), pa.array(texts, column.type))
    return table


def file_format(kind: Kind) -> Literal["parquet", "insert_values"]:
    """How the rows of a load come to the warehouse."""
    # dlt would give PostgreSQL CSV, in which an empty text is none.
    return "parquet" if kind == "duckdb" or _staging(kind) else "insert_values"


def _staging(kind: Kind) -> Any:
    """Where Redshift copies a load from, if a place was named: rows in INSERT statements are slow there."""
    url = os.environ.get("STAGING_BUCKET_URL")
    return dlt.destinations.filesystem(url) if url and kind == "redshift" else None


def _destination(warehouse: Warehouse, connection: Connection) -> Any:
    if warehouse.kind == "duckdb":
        # The connection we have already: a second one would meet our own lock.
        return dlt.destinations.duckdb(DuckDbCredentials(connection.native, pragmas=[CHECKPOINTS]))
    return dlt.destinations.__dict__[warehouse.kind](
        {
            "host": warehouse.host,
            "port": warehouse.port,
            "username": warehouse.user,
            "password": warehouse.password,
            "database": warehouse.database,
            "query": {"sslmode": warehouse.sslmode},
        }
    )
