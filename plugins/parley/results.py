"""What dbt did, kept in the warehouse: a row for each node, each time that a run has built or tested it.

With it slow models and flaky tests are seen over time; docs/operations.md has the queries.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from dataclasses import astuple, dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from airflow.sdk import Context

from parley import settings
from parley.warehouse import Connection, Warehouse

log = logging.getLogger(__name__)

RESULTS = "dbt_results"
CREATE = """
create table if not exists {table} (
    invocation_id varchar(64),
    run_id varchar(255),
    pipeline varchar(64),
    node varchar(512),
    resource_type varchar(32),
    status varchar(32),
    seconds double precision,
    rows_affected bigint,
    failures bigint,
    message varchar(4000),
    executed_at timestamp
)
"""
# A character may take four bytes of the column, which Redshift counts.
MESSAGE_CHARACTERS = 1000
ROWS_PER_STATEMENT = 200
LOCK_WAIT_SECONDS = 30
KEPT = timedelta(days=400)


@dataclass(frozen=True)
class NodeResult:
    """What one invocation of dbt did with one node; the fields are the columns of the table.

    Attributes:
        node: dbt's unique id, `model.parley.sessions` for example.
        rows_affected: rows written, where the warehouse says so.
        failures: rows that a test found.
        executed_at: when it ended, UTC.
    """

    invocation_id: str
    run_id: str
    pipeline: str
    node: str
    resource_type: str
    status: str
    seconds: float
    rows_affected: int | None
    failures: int | None
    message: str | None
    executed_at: datetime


def table() -> str:
    """Where the results of this environment are."""
    suffix = settings.schema_suffix()
    return f"parley{'_' if suffix else ''}{suffix}.{RESULTS}"


def read(run_results: Mapping[str, Any], run_id: str, pipeline_name: str) -> list[NodeResult]:
    """The results in dbt's run_results.json."""
    metadata = run_results["metadata"]
    return [
        NodeResult(
            invocation_id=metadata["invocation_id"],
            run_id=run_id,
            pipeline=pipeline_name,
            node=result["unique_id"],
            resource_type=result["unique_id"].split(".")[0],
            status=result["status"],
            seconds=result["execution_time"],
            rows_affected=_count((result["adapter_response"] or {}).get("rows_affected")),
            failures=result["failures"],
            message=(result["message"] or "")[:MESSAGE_CHARACTERS] or None,
            executed_at=_ended_at(result["timing"], metadata["generated_at"]),
        )
        for result in run_results["results"]
    ]


def append(connection: Connection, results: list[NodeResult]) -> None:
    """Add results to the table, which is made when it is not there, and let go of those that are older than a year."""
    schema, name = table().split(".")
    if name not in connection.tables(schema):
        connection.query(f"create schema if not exists {schema}")
        connection.query(CREATE.format(table=table()))
    for start in range(0, len(results), ROWS_PER_STATEMENT):
        rows = [astuple(result) for result in results[start : start + ROWS_PER_STATEMENT]]
        marks = ", ".join(f"({', '.join(['%s'] * len(row))})" for row in rows)
        connection.query(f"insert into {table()} values {marks}", [value for row in rows for value in row])
    if results:
        oldest = max(result.executed_at for result in results) - KEPT
        connection.query(f"delete from {table()} where executed_at < %s", [oldest])


def keep(project_dir: str, *, pipeline_name: str, context: Context, **_: Any) -> None:
    """Cosmos' callback after dbt, before the copy of the project that it ran in is deleted: keep what it did.

    A run does not fail because its results could not be kept; the log says so.
    """
    path = Path(project_dir) / "target" / "run_results.json"
    try:
        if not path.exists():
            return
        results = read(json.loads(path.read_text()), context["run_id"], pipeline_name)
        with Warehouse.from_env().connect(wait=LOCK_WAIT_SECONDS) as connection:
            append(connection, results)
    except Exception as error:
        log.warning("The results of dbt were not kept in %s: %s", table(), error)


@dataclass(frozen=True)
class Outcome:
    """How a run ended for every node: the status that it had last, by its unique id."""

    statuses: dict[str, str]

    @property
    def tests(self) -> int:
        return sum(node.startswith("test.") for node in self.statuses)

    @property
    def tests_passed(self) -> int:
        return sum(node.startswith("test.") and status == "pass" for node, status in self.statuses.items())


def outcome(connection: Connection, pipeline_name: str, run_id: str) -> Outcome:
    """How a run ended; empty when dbt was killed before it could say."""
    rows = connection.query(
        f"select node, status from {table()} where pipeline = %s and run_id = %s order by executed_at",
        [pipeline_name, run_id],
    )
    return Outcome({str(node): str(status) for node, status in rows})


def _count(rows: Any) -> int | None:
    """PostgreSQL's driver says -1 where it does not know."""
    return int(rows) if rows is not None and int(rows) >= 0 else None


def _ended_at(timing: list[dict[str, Any]], otherwise: str) -> datetime:
    ended = [step["completed_at"] for step in timing if step.get("completed_at")]
    return datetime.fromisoformat((max(ended) if ended else otherwise).rstrip("Z"))
