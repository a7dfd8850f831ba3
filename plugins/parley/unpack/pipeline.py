"""What dlt is told: where to load to, and which Arrow tables to load."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import dlt
import pyarrow as pa
from dlt.common.schema.typing import TTableSchemaColumns

from parley import settings
from parley.unpack.columns import Types
from parley.warehouse import Connection, Warehouse


def pipeline(schema: str, warehouse: Warehouse, connection: Connection) -> dlt.Pipeline:
    """dlt's pipeline into a raw schema, which knows what the schema holds already."""
    made = dlt.pipeline(
        schema,
        destination=_destination(warehouse, connection),
        dataset_name=schema,
        pipelines_dir=str(settings.STATE / "dlt" / "pipelines"),
    )
    if made.has_pending_data:
        # What dlt would go on with may be half in: it comes again from the source. The rest of dlt's state is in the
        # warehouse too and is restored from there.
        made = made.drop()
    made.sync_destination()
    return made


def column_types(pipeline: dlt.Pipeline) -> dict[str, Types]:
    """The types of the columns that the raw schema has, by table."""
    if pipeline.pipeline_name not in pipeline.schemas:
        return {}
    tables = pipeline.schemas[pipeline.pipeline_name].data_tables()
    return {str(table["name"]): _types(table["columns"]) for table in tables}


def _types(columns: TTableSchemaColumns) -> Types:
    return {name: kind for name, column in columns.items() if (kind := column.get("data_type"))}


def source(schema: str, tables: Iterator[tuple[str, pa.Table]]) -> Any:
    """dlt's source of Arrow tables for the raw tables of the same names."""

    @dlt.resource(name=schema)
    def resource() -> Iterator[Any]:
        for name, table in tables:
            yield dlt.mark.with_table_name(table, name)

    return dlt.source(lambda: resource, schema=dlt.Schema(schema))()


def _destination(warehouse: Warehouse, connection: Connection) -> Any:
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
        }
    )
