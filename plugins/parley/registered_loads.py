"""Loads where RudderStack writes the raw tables itself: what has newly arrived is registered in the ledger.

RudderStack gives every row the time at which it was loaded (`uuid_ts`). A registered load is all that was loaded up to
a time and after the load before; its id is that time. dbt/macros/event_table.sql finds the load of a row by it.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from parley.errors import ConfigurationError
from parley.loads import LOADS
from parley.pipelines import Pipeline
from parley.warehouse import Warehouse

LOAD_TIMESTAMP = "uuid_ts"
# RudderStack loads one table after the other, and sets the time before the row can be seen.
SETTLE = timedelta(minutes=30)
# As dbt casts it to a time, and in order as text.
LOAD_ID = "%Y-%m-%d %H:%M:%S.%f"


def register_arrived(pipeline: Pipeline, warehouse: Warehouse) -> None:
    """Register what has arrived for a pipeline whose raw schema something else writes; nothing for any other.

    Raises:
        ConfigurationError: the schema is not one that RudderStack writes.
    """
    if not pipeline.source:
        load_timestamp = pipeline.vars.get("rs_load_timestamp", LOAD_TIMESTAMP)
        register_loads(warehouse, pipeline.raw_schema, load_timestamp)


def register_loads(
    warehouse: Warehouse,
    schema: str,
    load_timestamp: str = LOAD_TIMESTAMP,
    settle: timedelta = SETTLE,
    now: datetime | None = None,
) -> str | None:
    """Add what RudderStack has loaded since the last call to the schema's ledger, as one new load.

    Args:
        load_timestamp: the column with the time a row was loaded at, UTC.
        settle: what was loaded less long ago waits for the next call.
        now: the time of the call; the current time unless given.

    Returns:
        the id of the new load; None when nothing has arrived.

    Raises:
        ConfigurationError: the schema is not one that RudderStack writes.
    """
    with warehouse.connect() as connection:
        columns = connection.query(
            "select table_name, column_name from information_schema.columns where table_schema = %s", [schema]
        )
        if any(column == "_load_id" for _, column in columns):
            raise ConfigurationError(
                f"{schema} is made by parley unpack, which registers its loads itself. Set RS_SCHEMA to the schema "
                "that RudderStack writes to."
            )
        tables = sorted({table for table, column in columns if column == load_timestamp})
        if not tables:
            raise ConfigurationError(
                f"No table of schema '{schema}' has a column {load_timestamp}. Set RS_SCHEMA to the schema that "
                "RudderStack writes to, and RS_LOAD_TIMESTAMP to the column with the time a row was loaded at."
            )
        if LOADS not in {table for table, _ in columns}:
            connection.query(
                f"create table {schema}.{LOADS} (load_id varchar(255), schema_name varchar(255), status bigint, "
                "inserted_at timestamp with time zone, schema_version_hash varchar(255))"
            )
        until = (now or datetime.now(UTC)) - settle
        latest: list[datetime] = []
        for table in tables:
            [[time]] = connection.query(
                f'select max({load_timestamp}) from {schema}."{table}" where {load_timestamp} <= %s', [_utc(until)]
            )
            if time is not None:
                latest.append(_utc(time))
        [[last]] = connection.query(f"select max(load_id) from {schema}.{LOADS}")
        if not latest or (last is not None and max(latest).strftime(LOAD_ID) <= last):
            return None
        load_id = max(latest).strftime(LOAD_ID)
        connection.query(
            f"insert into {schema}.{LOADS} (load_id, schema_name, status, inserted_at, schema_version_hash) "
            "values (%s, %s, 0, %s, '')",
            # Our clock: Redshift has no current_timestamp in an insert.
            [load_id, schema, datetime.now(UTC)],
        )
        return load_id


def _utc(time: datetime) -> datetime:
    """The time in UTC without zone; RudderStack's columns have none on some warehouses."""
    return time.astimezone(UTC).replace(tzinfo=None) if time.tzinfo else time
