"""Where the warehouse is, and a connection to it: the one place that knows.

`WAREHOUSE` names the kind. DuckDB is a file at `WAREHOUSE_PATH`; PostgreSQL and Redshift are at `PG_HOST`,
`PG_PORT`, `PG_USER`, `PG_PASSWORD`, `PG_DATABASE_NAME`, `PG_SSLMODE`. dbt/profiles.yml reads the same variables.
"""

from __future__ import annotations

import logging
import os
import re
import time
from collections.abc import Iterator, MutableMapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, cast

from parley import secrets, settings
from parley.errors import ConfigurationError, WarehouseBusyError, WarehouseUnreachableError

log = logging.getLogger(__name__)

Kind = Literal["duckdb", "postgres", "redshift"]
KINDS: tuple[Kind, ...] = ("duckdb", "postgres", "redshift")

# Airflow's pool for whatever writes to the warehouse; tasks that only watch take no slot of it.
POOL = "warehouse"
POOL_SLOTS: dict[Kind, int] = {"duckdb": 1, "postgres": 4, "redshift": 4}

DEFAULT_PORTS = {"postgres": 5432, "redshift": 5439}
SSL_MODES = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")
CONNECT_SECONDS = 30
LOCK_WAIT_SECONDS = 600.0
LOCK_POLL_SECONDS = 0.5
LOCK_MESSAGE_EVERY_SECONDS = 10.0


@dataclass(frozen=True)
class Connection:
    """A DB-API connection that speaks one parameter style, `%s`, on all three warehouses."""

    kind: Kind
    native: Any

    def query(self, sql: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """The rows of a statement; an empty list for one that returns none."""
        cursor = self.native.cursor()
        try:
            cursor.execute(self._in_style(sql), tuple(parameters))
            return [tuple(row) for row in cursor.fetchall()] if cursor.description else []
        finally:
            cursor.close()

    def records(self, sql: str, parameters: Sequence[Any] = ()) -> list[dict[str, Any]]:
        """The rows of a query, by the names of its columns."""
        cursor = self.native.cursor()
        try:
            cursor.execute(self._in_style(sql), tuple(parameters))
            names = [_text(column[0]) for column in cursor.description]
            return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
        finally:
            cursor.close()

    def tables(self, schema: str) -> set[str]:
        """The names of the tables in a schema; empty when there is no such schema."""
        rows = self.query("select table_name from information_schema.tables where table_schema = %s", [schema])
        return {row[0] for row in rows}

    def _in_style(self, sql: str) -> str:
        return sql.replace("%s", "?") if self.kind == "duckdb" else sql


@dataclass(frozen=True)
class Warehouse:
    """Which warehouse, and how to reach it."""

    kind: Kind
    path: Path | None = None
    host: str = ""
    port: int = 0
    user: str = ""
    password: str = field(default="", repr=False)
    database: str = ""
    sslmode: str = "prefer"

    @classmethod
    def from_env(cls, env: MutableMapping[str, str] = os.environ) -> Warehouse:
        """The warehouse that the environment names; a password from a file is set in the environment, for dbt.

        Raises:
            ConfigurationError: naming the variable to set.
        """
        kind = env.get("WAREHOUSE") or "duckdb"
        if kind not in KINDS:
            raise ConfigurationError(f"WAREHOUSE is '{kind}'. Set it to one of {', '.join(KINDS)}.")
        if kind == "duckdb":
            return cls("duckdb", path=settings.ROOT / (env.get("WAREHOUSE_PATH") or "warehouse.duckdb"))
        secrets.from_files(env, "PG_PASSWORD")
        required = ("PG_HOST", "PG_USER", "PG_PASSWORD", "PG_DATABASE_NAME")
        if missing := [name for name in required if not env.get(name)]:
            raise ConfigurationError(f"WAREHOUSE={kind} needs {', '.join(missing)}: set them, in .env for example.")
        port = settings.number("PG_PORT", DEFAULT_PORTS[kind], env)
        sslmode = env.get("PG_SSLMODE") or "prefer"
        if sslmode not in SSL_MODES:
            raise ConfigurationError(f"PG_SSLMODE is '{sslmode}'. Set it to one of {', '.join(SSL_MODES)}.")
        host, user, password, database = (env[name] for name in required)
        return cls(cast(Kind, kind), None, host, port, user, password, database, sslmode)

    def __str__(self) -> str:
        return f"DuckDB at {self.path}" if self.kind == "duckdb" else f"{self.kind} at {self.host}:{self.port}"

    @contextmanager
    def connect(
        self, *, read_only: bool = False, wait: float = LOCK_WAIT_SECONDS, within: int | None = None
    ) -> Iterator[Connection]:
        """A connection in UTC, closed at the end; each statement commits by itself.

        Args:
            read_only: several processes may read a DuckDB file at once, as long as none writes.
            wait: how many seconds to wait for another process to let go of a DuckDB file.
            within: in how many seconds a server has to let us in, and then to answer each statement: for those who
                cannot wait. Else it has CONNECT_SECONDS, and a statement takes as long as it takes.

        Raises:
            WarehouseBusyError: the wait was in vain.
            WarehouseUnreachableError: there is no server or no such folder, or we are not let in.
        """
        native = self._open_duckdb(read_only, wait) if self.kind == "duckdb" else self._open_server(within)
        try:
            connection = Connection(self.kind, native)
            # A time without zone is compared with one that has one, in the zone of the session: that of the machine.
            connection.query(f"set {'global ' if self.kind == 'duckdb' else ''}timezone = 'UTC'")
            if within and self.kind != "duckdb":
                connection.query(f"set statement_timeout = {within * 1000}")
            yield connection
        finally:
            native.close()

    def exists(self) -> bool:
        """Whether there is anything to read yet; a server is taken to exist."""
        return self.path is None or self.path.exists()

    def _open_server(self, within: int | None) -> Any:
        import psycopg2
        import redshift_connector
        from redshift_connector.error import Error as RedshiftError

        where: dict[str, Any] = {
            "host": self.host,
            "port": self.port,
            "user": self.user,
            "password": self.password,
        }
        seconds = within or CONNECT_SECONDS
        try:
            if self.kind == "redshift":
                connection = redshift_connector.connect(
                    **where,
                    database=self.database,
                    # It knows no encryption without a check.
                    ssl=self.sslmode != "disable",
                    sslmode="verify-full" if self.sslmode == "verify-full" else "verify-ca",
                    timeout=seconds,
                )
                if not within:
                    # It is the socket's, and would end every statement that takes longer.
                    connection._usock.settimeout(None)
            else:
                connection = psycopg2.connect(
                    **where, dbname=self.database, sslmode=self.sslmode, connect_timeout=seconds
                )
        # Without encryption the driver of Redshift lets the socket's own error through.
        except (psycopg2.OperationalError, RedshiftError, OSError) as error:
            raise WarehouseUnreachableError(
                f"Cannot connect to {self}, database '{self.database}', as '{self.user}': {str(error).strip()}\n"
                "Is the server up, and are the PG_ variables of .env right?"
            ) from error
        connection.autocommit = True
        return connection

    def _open_duckdb(self, read_only: bool, wait: float) -> Any:
        import duckdb

        started = last_message = time.monotonic()
        while True:
            try:
                return duckdb.connect(str(self.path), read_only=read_only)
            except (duckdb.IOException, duckdb.ConnectionException) as error:
                holder = _lock_holder(str(error))
                if holder is None:
                    raise WarehouseUnreachableError(
                        f"Cannot open {self}: {error}\nIs WAREHOUSE_PATH right, its folder there, the file one of "
                        "DuckDB, and may you open both?"
                    ) from error
                now = time.monotonic()
                if now - started >= wait:
                    raise WarehouseBusyError(
                        f"{self.path} is held by {holder} and was not free within {wait:.0f} s. DuckDB lets one "
                        "process write at a time: close that process, or run again when it is done."
                    ) from error
                if now - last_message >= LOCK_MESSAGE_EVERY_SECONDS or last_message == started:
                    log.warning("Waiting for %s, held by %s (up to %.0f s)", self.path, holder, wait)
                    last_message = now
                time.sleep(LOCK_POLL_SECONDS)


def _text(name: str | bytes) -> str:
    """The name of a column: redshift_connector gives bytes."""
    return name.decode() if isinstance(name, bytes) else name


def _lock_holder(message: str) -> str | None:
    """Who keeps us out, by DuckDB's message, `/usr/bin/python3 (PID 4711)` for example; None for any other error."""
    if "different configuration" in message:
        # One process may not have a file open for reading in one thread and for writing in another.
        return "another thread of this process"
    if "Could not set lock" not in message:
        return None
    found = re.search(r"held in (.+? \(PID \d+\))", message)
    return found.group(1) if found else "another process"
