"""A warehouse of one's own, and the real dbt project on it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from dbt.cli.main import dbtRunner

from parley.warehouse import Connection, Warehouse

DBT = Path(__file__).resolve().parents[2] / "dbt"


@dataclass(frozen=True)
class Project:
    """A DuckDB file, and dbt on it.

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

    def differences(self, pairs: Mapping[str, str]) -> dict[str, tuple[int, int, list[tuple[Any, ...]]]]:
        """By table: how many rows only it or only its counterpart has, and the first of them."""
        found = {}
        for one, other in pairs.items():
            only_one = self.query(f"select * from {one} except all select * from {other}")
            only_other = self.query(f"select * from {other} except all select * from {one}")
            if only_one or only_other:
                found[one] = (len(only_one), len(only_other), (only_one + only_other)[:4])
        return found

    def invoke(self, *arguments: str, target: str, env: Mapping[str, str], check: bool) -> bool:
        """Run a command of dbt; whether it succeeded."""
        folder = str(self.targets / target)
        environment = {"WAREHOUSE": "duckdb", "WAREHOUSE_PATH": str(self.path), "DEPLOY_ENV": "dev", **env}
        folders = ["--project-dir", str(DBT), "--profiles-dir", str(DBT), "--target-path", folder]
        with pytest.MonkeyPatch.context() as patch:
            for name, value in environment.items():
                patch.setenv(name, value)
            variables = ["--vars", json.dumps(self.vars)] if self.vars else []
            done = dbtRunner().invoke([*arguments, *folders, "--log-path", folder, *variables, "--quiet"])
        if check:
            assert done.success, done.exception or [
                (result.node.unique_id, result.message) for result in done.result if result.status in ("error", "fail")
            ]
        return done.success
