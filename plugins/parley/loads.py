"""The `_loads` ledger of a raw schema: which loads are new, which a run has pinned, which are done.

`_loads(load_id, schema_name, status, inserted_at, schema_version_hash)` is append-only. The unpacking engine
adds `(load_id, 0)` when all of a load is in; `mark` adds `(load_id, 1)` when a run has made its tables.
A load is new while it has status 0 only. See docs/architecture.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from parley.warehouse import Connection

LOADS = "_loads"


@dataclass(frozen=True)
class Load:
    """One load of a raw schema: when it arrived, and when a run marked it done; both in UTC."""

    load_id: str
    arrived_at: datetime
    done_at: datetime | None

    @property
    def is_new(self) -> bool:
        return self.done_at is None


@dataclass(frozen=True)
class Ledger:
    """The loads of one raw schema, and the pins that dbt's `<domain>_load_ids` model keeps of them.

    Attributes:
        schema: the raw schema, `demo_bot_event` for example.
        pins: the relation of the pins, `demo_bot_staging.chat_load_ids` for example.
    """

    schema: str
    pins: str

    def loads(self, connection: Connection) -> list[Load]:
        """Every load that is complete, in order of arrival; none when nothing was ever unpacked."""
        if LOADS not in connection.tables(self.schema):
            return []
        rows = connection.query(
            f"""
            select
                load_id,
                min(case when status = 0 then inserted_at end) at time zone 'UTC' as arrived_at,
                min(case when status = 1 then inserted_at end) at time zone 'UTC' as done_at
            from {self.schema}.{LOADS}
            group by load_id
            having min(status) = 0
            order by arrived_at, load_id
            """
        )
        return [Load(load_id, _utc(arrived_at), _utc(done_at)) for load_id, arrived_at, done_at in rows]

    def new(self, connection: Connection) -> list[str]:
        """The ids of the loads that no run has finished yet."""
        return [load.load_id for load in self.loads(connection) if load.is_new]

    def pinned(self, connection: Connection, run_id: str) -> list[str]:
        """The loads that a run works on; none before it has pinned any."""
        if not self._has_pins(connection):
            return []
        rows = connection.query(f"select load_id from {self.pins} where run_id = %s order by load_id", [run_id])
        return [row[0] for row in rows]

    def runs(self, connection: Connection) -> dict[str, list[str]]:
        """The ids of the runs that have worked on each load, by its id; the latest last."""
        runs: dict[str, list[str]] = {}
        if self._has_pins(connection):
            for load_id, run_id in connection.query(
                f"select load_id, run_id from {self.pins} order by pinned_at, run_id, load_id"
            ):
                runs.setdefault(load_id, []).append(run_id)
        return runs

    def mark(self, connection: Connection, run_id: str) -> list[str]:
        """Mark the loads that a run has pinned as done, in one statement; those already done stay as they are.

        Returns:
            the ids marked now: empty when the run had marked them before.
        """
        new = set(self.new(connection))
        marked = [load_id for load_id in self.pinned(connection, run_id) if load_id in new]
        connection.query(
            f"""
            insert into {self.schema}.{LOADS} (load_id, schema_name, status, inserted_at, schema_version_hash)
            select
                arrived.load_id,
                arrived.schema_name,
                1,
                cast(%s as timestamp with time zone),
                max(arrived.schema_version_hash)
            from {self.schema}.{LOADS} as arrived
            where arrived.status = 0
                and arrived.load_id in (select load_id from {self.pins} where run_id = %s)
                and arrived.load_id not in (select load_id from {self.schema}.{LOADS} where status = 1)
            group by arrived.load_id, arrived.schema_name
            """,
            # Our clock, as for the row with status 0: Redshift has no current_timestamp where there are tables.
            [datetime.now(UTC), run_id],
        )
        return marked

    def _has_pins(self, connection: Connection) -> bool:
        schema, _, table = self.pins.rpartition(".")
        return table in connection.tables(schema)


def _utc(time: Any) -> Any:
    """A time from the warehouse, which is without zone, or None."""
    return time.replace(tzinfo=UTC) if time else None
