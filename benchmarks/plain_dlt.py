"""dlt by itself on the rows of a contract: what the unpacking engine is measured against, and must be equal to."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any, Literal

import dlt
from dlt.common.normalizers.json.relational import DataItemNormalizer
from dlt.common.schema.typing import TSimpleRegex

from parley.unpack.contract import Contract, Row
from parley.unpack.naming import PROPAGATED, RECORD_HASH
from parley.warehouse import Warehouse


def load(
    rows: Iterable[Row],
    schema_name: str,
    contract: Contract,
    warehouse: Warehouse,
    file_format: Literal["parquet", "insert_values"],
) -> None:
    """Load the rows as nested JSON, which dlt unpacks."""
    schema = dlt.Schema(schema_name)
    propagation: Any = {"root": {**PROPAGATED, "_load_id": "_load_id"}}
    DataItemNormalizer.update_normalizer_config(schema, {"propagation": propagation})
    schema.settings["detections"] = []
    schema.settings["preferred_types"] = {TSimpleRegex(f"re:{contract.text_columns.pattern}"): "text"}
    for table, columns in contract.tables.items():
        schema.update_table({"name": table, "columns": {c: {"name": c, "data_type": t} for c, t in columns.items()}})

    @dlt.resource(name=schema_name)
    def resource() -> Iterator[Any]:
        for table in contract.tables:
            yield dlt.mark.with_table_name(dlt.mark.materialize_table_schema(), table)
        for table, content, own in rows:
            item = {**content, **own}
            item["_dlt_id"] = item.pop(RECORD_HASH)
            yield dlt.mark.with_table_name(item, table)

    with warehouse.connect() as connection, _rows_buffered():
        pipeline = dlt.pipeline(
            schema_name, destination=dlt.destinations.duckdb(connection.native), dataset_name=schema_name
        )
        pipeline.run(dlt.source(lambda: resource, schema=schema)(), loader_file_format=file_format)


@contextmanager
def _rows_buffered() -> Iterator[None]:
    """Let dlt wait for some thousand rows before it writes, as it does by itself: the engine hands it tables, each of
    which it is to write at once."""
    name = "DATA_WRITER__BUFFER_MAX_ITEMS"
    engines = os.environ.pop(name)
    try:
        yield
    finally:
        os.environ[name] = engines
