"""A shop's warehouse of one's own, with the real engine to land events in it and the real dbt project to build it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from dbt.cli.main import dbtRunner

from parley.loads import Ledger
from parley.pipelines import shop
from parley.warehouse import Connection, Warehouse

DBT = Path(__file__).resolve().parents[2] / "dbt"
RAW = "ecommerce_raw"
# The profile is a snapshot of its own per date; it has its own tests.
WITHOUT_PROFILE = ["--exclude", "path:models/ecommerce/marts/profile", "path:models/ecommerce/intermediate/profile"]

Event = dict[str, Any]


@dataclass(frozen=True)
class Shop:
    """RudderStack events in a DuckDB file, and dbt on it.

    Attributes:
        targets: folder of dbt's targets, shared by all tests so that the project is parsed as seldom as possible.
        vars: variables that every run of dbt gets.
    """

    path: Path
    targets: Path
    vars: dict[str, Any] = field(default_factory=dict)

    @contextmanager
    def connection(self) -> Iterator[Connection]:
        with Warehouse("duckdb", path=self.path).connect() as connection:
            connection.query("set timezone = 'UTC'")
            yield connection

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        with self.connection() as connection:
            return connection.query(sql)

    def rows(self, sql: str) -> list[dict[str, Any]]:
        """The rows of a query, by column."""
        with self.connection() as connection:
            result = connection.native.execute(sql)
            names = [column[0] for column in result.description]
            return [dict(zip(names, row, strict=True)) for row in result.fetchall()]

    def land(self, events: Iterable[Event]) -> str | None:
        """Land events as one load; the id of the load, None when there was nothing new in them."""
        from parley.unpack.engine import unpack
        from parley.unpack.rudderstack import RUDDERSTACK
        from parley.unpack.sources import Record

        records = [Record("test", number, json.dumps(event), {}) for number, event in enumerate(events, start=1)]
        return unpack(records, RAW, RUDDERSTACK, Warehouse("duckdb", path=self.path)).load_id

    def land_files(self, source: Path) -> str | None:
        """Land a file or folder as one load; the id of the load, None when there was nothing new in it."""
        from parley.unpack.domains import unpack_new

        return unpack_new(shop(), Warehouse("duckdb", path=self.path), str(source)).load_id

    def mark(self, run_id: str) -> list[str]:
        with self.connection() as connection:
            return Ledger(RAW, "ecommerce_staging.ecommerce_load_ids").mark(connection, run_id)

    def dbt(
        self,
        *arguments: str,
        run_id: str = "",
        load_ids: Sequence[str] = (),
        end_date: str = "",
        env: str = "dev",
        check: bool = True,
        **variables: Any,
    ) -> bool:
        """Run a command of dbt; whether it succeeded.

        Args:
            env: outside of dev the schemas that are built end in its name, so one warehouse can hold two builds.
            variables: variables of dbt for this run.
        """
        folders = ["--project-dir", str(DBT), "--profiles-dir", str(DBT)]
        variables = {**self.vars, **variables}
        target = self.targets / "ecommerce" / env
        environment = {
            "WAREHOUSE": "duckdb",
            "WAREHOUSE_PATH": str(self.path),
            "DEPLOY_ENV": env,
            "PARLEY_RUN_ID": run_id,
            "PARLEY_LOAD_IDS": ",".join(load_ids),
            "PARLEY_END_DATE": end_date,
        }
        with pytest.MonkeyPatch.context() as patch:
            for name, value in environment.items():
                patch.setenv(name, value)
            done = dbtRunner().invoke(
                [
                    *arguments,
                    *folders,
                    *["--target-path", str(target), "--log-path", str(target), "--quiet"],
                    *["--vars", json.dumps(variables)],
                ]
            )
        if check:
            assert done.success, done.exception or [
                (result.node.unique_id, result.message) for result in done.result if result.status in ("error", "fail")
            ]
        return done.success
