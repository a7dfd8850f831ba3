"""A warehouse of one's own, with the real engine to land events in it and the real dbt project to build it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from dbt.cli.main import dbtRunner

from parley.loads import Ledger
from parley.warehouse import Connection, Warehouse

DBT = Path(__file__).resolve().parents[2] / "dbt"
BOT = "demo_bot"

Event = dict[str, Any]


@dataclass(frozen=True)
class Chat:
    """The conversations of one bot in a DuckDB file, and dbt on it.

    Attributes:
        targets: folder of dbt's targets, shared by all tests so that the project is parsed as seldom as possible.
        vars: variables that every run of dbt gets.
    """

    path: Path
    targets: Path
    vars: dict[str, Any]

    @contextmanager
    def connection(self) -> Iterator[Connection]:
        with Warehouse("duckdb", path=self.path).connect() as connection:
            yield connection

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        with self.connection() as connection:
            return connection.query(sql)

    def land(self, events: Iterable[Event]) -> str | None:
        """Land events as one load; the id of the load, None when there was nothing new in them."""
        from parley.unpack.engine import unpack
        from parley.unpack.rasa import RASA
        from parley.unpack.sources import Record

        records = [Record("test", number, json.dumps(event), {}) for number, event in enumerate(events, start=1)]
        return unpack(records, f"{BOT}_event", RASA, Warehouse("duckdb", path=self.path)).load_id

    def ledger(self, destination: str = BOT) -> Ledger:
        return Ledger(f"{BOT}_event", f"{destination}_staging.chat_load_ids")

    def mark(self, run_id: str) -> list[str]:
        with self.connection() as connection:
            return self.ledger().mark(connection, run_id)

    def pinned(self, run_id: str, destination: str = BOT) -> list[str]:
        with self.connection() as connection:
            return self.ledger(destination).pinned(connection, run_id)

    def dbt(
        self,
        *arguments: str,
        run_id: str = "",
        load_ids: Sequence[str] = (),
        destination: str = BOT,
        check: bool = True,
    ) -> bool:
        """Run a command of dbt; whether it succeeded."""
        target = self.targets / destination
        environment = {
            "WAREHOUSE": "duckdb",
            "WAREHOUSE_PATH": str(self.path),
            "DEPLOY_ENV": "dev",
            "PARLEY_RUN_ID": run_id,
            "PARLEY_LOAD_IDS": ",".join(load_ids),
        }
        variables = {**self.vars, "source_schema_prefix": BOT, "dest_schema_prefix": destination}
        folders = ["--project-dir", str(DBT), "--profiles-dir", str(DBT), "--target-path", str(target)]
        with pytest.MonkeyPatch.context() as patch:
            for name, value in environment.items():
                patch.setenv(name, value)
            done = dbtRunner().invoke(
                [*arguments, *folders, "--log-path", str(target), "--vars", json.dumps(variables), "--quiet"]
            )
        if check:
            assert done.success, done.exception or [
                (node.unique_id, node.message) for node in done.result if node.status in ("error", "fail")
            ]
        return done.success
