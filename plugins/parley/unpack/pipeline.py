"""What dlt is told: where to load to, what the schema promises, which rows there are."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import dlt
from dlt.common.data_types import TDataType
from dlt.common.normalizers.json.relational import DataItemNormalizer
from dlt.common.schema.typing import TColumnSchema, TSimpleRegex

from parley.unpack.contract import Contract, Row
from parley.unpack.values import LONGEST_TEXT, within
from parley.warehouse import Connection, Kind, Warehouse

QUARANTINE = "quarantine"
QUARANTINE_COLUMNS: dict[str, TDataType] = {
    "reason": "text",
    "place": "text",
    "number": "bigint",
    "text": "text",
}

# Fields of the top-level row that every row below it gets too.
PROPAGATED = {
    "_record_hash": "_root_hash",
    "_load_id": "_load_id",
    "timestamp": "_timestamp",
    "sender_id": "_dist_key",
}


def destination(warehouse: Warehouse, connection: Connection) -> Any:
    """dlt's destination for the warehouse, over the connection where there can be only one."""
    if warehouse.kind == "duckdb":
        # The connection we have already: a second one would meet our own lock.
        return dlt.destinations.duckdb(connection.native)
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


def source(schema_name: str, contract: Contract, rows: Iterator[Row], kind: Kind) -> Any:
    """dlt's source of the rows, with the schema that the contract promises."""
    schema = dlt.Schema(schema_name)
    propagation: Any = {"root": PROPAGATED}
    DataItemNormalizer.update_normalizer_config(schema, {"propagation": propagation})
    # A text that looks like a time stays text: whether it does must not depend on who writes first.
    schema.settings["detections"] = []
    schema.settings["preferred_types"] = {TSimpleRegex(contract.text_columns): "text"}
    for table, columns in {**contract.tables, QUARANTINE: QUARANTINE_COLUMNS}.items():
        schema.update_table({"name": table, "columns": {c: _column(c, t, contract) for c, t in columns.items()}})

    @dlt.resource(name=schema_name)
    def resource() -> Iterator[Any]:
        for table in (*contract.tables, QUARANTINE):
            yield dlt.mark.with_table_name(dlt.mark.materialize_table_schema(), table)
        for table, row in rows:
            yield dlt.mark.with_table_name(within(row, LONGEST_TEXT) if kind == "redshift" else row, table)

    return dlt.source(lambda: resource, schema=schema)()


def create_indexes(connection: Connection, schema: str, contract: Contract) -> None:
    """Let PostgreSQL find the rows of a load, and of a sequence, without reading all there are."""
    if connection.kind != "postgres" or contract.sequences is None:
        return
    _, sequence = contract.sequences
    for table, columns in contract.tables.items():
        if sequence in columns:
            for column in (sequence, "_load_id"):
                connection.query(f'create index if not exists "{table}_{column}" on {schema}.{table} ({column})')


def _column(name: str, data_type: TDataType, contract: Contract) -> TColumnSchema:
    """A column and, for Redshift alone, whether rows are distributed or sorted by it."""
    column: TColumnSchema = {"name": name, "data_type": data_type}
    if contract.sequences is not None and name == contract.sequences[1]:
        column["cluster"] = True
    if name == "timestamp":
        column["sort"] = True
    return column
