"""A warehouse of one's own, and the real dbt project on it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from dbt.cli.main import dbtRunner, dbtRunnerResult
from dbt.contracts.graph.manifest import Manifest

from parley.warehouse import Connection, Warehouse

DBT = Path(__file__).resolve().parents[2] / "dbt"

# What was parsed, by variables and environment. dbt would parse anew for each warehouse, and that takes longer than to
# build most of what the tests build.
_PARSED: dict[tuple[str, str], dbtRunnerResult] = {}


@dataclass(frozen=True)
class Project:
    """A DuckDB file, and dbt on it.

    Attributes:
        path: of the file; what dbt writes is put beside it.
        vars: variables that every run of dbt gets.
    """

    path: Path
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

    def manifest(self, environment: str = "dev") -> Manifest:
        """The project as dbt understands it in an environment (DEPLOY_ENV).

        Raises:
            AssertionError: dbt cannot parse it.
        """
        done = self._parse(environment)
        assert done.success, done.exception
        return done.result

    def invoke(self, *arguments: str, env: Mapping[str, str], check: bool) -> bool:
        """Run a command of dbt; whether it succeeded."""
        done = self.result(*arguments, env=env)
        if check:
            assert done.success, done.exception or [
                (result.node.unique_id, result.message) for result in done.result if result.status in ("error", "fail")
            ]
        return done.success

    def result(self, *arguments: str, env: Mapping[str, str]) -> dbtRunnerResult:
        """What dbt says of a command, or of the project where it cannot parse that."""
        parsed = self._parse(env.get("DEPLOY_ENV", "dev"))
        return self._invoke(arguments, env, parsed.result) if parsed.success else parsed

    def _parse(self, environment: str) -> dbtRunnerResult:
        key = (json.dumps(self.vars, sort_keys=True), environment)
        if key not in _PARSED:
            _PARSED[key] = self._invoke(["parse"], {"DEPLOY_ENV": environment})
        return _PARSED[key]

    def _invoke(
        self, arguments: Sequence[str], env: Mapping[str, str], manifest: Manifest | None = None
    ) -> dbtRunnerResult:
        environment = {"WAREHOUSE": "duckdb", "WAREHOUSE_PATH": str(self.path), "DEPLOY_ENV": "dev", **env}
        target = str(self.path.parent / "target")
        folders = ["--project-dir", str(DBT), "--profiles-dir", str(DBT), "--target-path", target]
        # Nobody reads the files that dbt writes, and they take as long as a build of a domain.
        options = [*folders, "--log-path", target, "--no-write-json", "--no-partial-parse", "--quiet"]
        variables = ["--vars", json.dumps(self.vars)] if self.vars else []
        with pytest.MonkeyPatch.context() as patch:
            for name, value in environment.items():
                patch.setenv(name, value)
            return dbtRunner(manifest=manifest).invoke([*arguments, *options, *variables])
