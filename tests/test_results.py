"""What dbt did, in the warehouse; and the queries of docs/operations.md on it."""

from __future__ import annotations

import json
import logging
import re
from pathlib import Path
from typing import Any

import pytest

from parley import results, settings
from parley.results import keep, outcome
from parley.warehouse import Warehouse

DOCS = Path(__file__).parents[1] / "docs" / "operations.md"
CONTEXT: Any = {"run_id": "run 1"}


def result(node: str, status: str, seconds: float, **more: Any) -> dict[str, Any]:
    ended = more.pop("ended", "2026-01-05T07:01:00.250000Z")
    return {
        "unique_id": node,
        "status": status,
        "execution_time": seconds,
        "adapter_response": {},
        "failures": None,
        "message": None,
        "timing": [{"name": "execute", "started_at": "2026-01-05T07:00:00Z", "completed_at": ended}],
        **more,
    }


def kept(folder: Path, nodes: list[dict[str, Any]], invocation: str = "i1", **context: Any) -> None:
    """Keep the results of one invocation of dbt, as Cosmos calls for it."""
    (folder / "target").mkdir(exist_ok=True)
    metadata = {"invocation_id": invocation, "generated_at": "2026-01-05T07:02:00Z"}
    (folder / "target" / "run_results.json").write_text(json.dumps({"metadata": metadata, "results": nodes}))
    keep(str(folder), pipeline_name="demo_bot", context={**CONTEXT, **context})


def query(warehouse: Warehouse, sql: str) -> list[tuple[Any, ...]]:
    with warehouse.connect() as connection:
        return connection.query(sql)


def test_each_node_is_a_row(warehouse: Warehouse, tmp_path: Path) -> None:
    kept(
        tmp_path,
        [
            result("model.parley.sessions", "success", 1.5, adapter_response={"rows_affected": 82}),
            result("test.parley.unique.abc", "fail", 0.1, failures=3, message="Got 3 results" * 500),
            result("seed.parley.events", "skipped", 0, timing=[], adapter_response={"rows_affected": -1}),
        ],
    )
    rows = query(warehouse, "select * exclude (message) from parley.dbt_results order by node")
    assert [row[1:9] for row in rows] == [
        ("run 1", "demo_bot", "model.parley.sessions", "model", "success", 1.5, 82, None),
        ("run 1", "demo_bot", "seed.parley.events", "seed", "skipped", 0, None, None),
        ("run 1", "demo_bot", "test.parley.unique.abc", "test", "fail", 0.1, None, 3),
    ]
    assert [str(row[9]) for row in rows] == [
        "2026-01-05 07:01:00.250000",
        "2026-01-05 07:02:00",
        "2026-01-05 07:01:00.250000",
    ]
    assert query(warehouse, "select max(length(message)) from parley.dbt_results") == [(1000,)]


def test_what_is_older_than_a_year_goes(warehouse: Warehouse, tmp_path: Path) -> None:
    for ended in ("2024-11-25T07:00:00Z", "2024-12-05T07:00:00Z", "2026-01-05T07:00:00Z"):
        kept(tmp_path, [result(f"model.parley.{ended[:10]}", "success", 1.5, ended=ended)])
    nodes = query(warehouse, "select node from parley.dbt_results order by node")
    assert nodes == [("model.parley.2024-12-05",), ("model.parley.2026-01-05",)]


def test_a_long_build_is_kept_whole(warehouse: Warehouse, tmp_path: Path) -> None:
    kept(tmp_path, [result(f"test.parley.t{number}", "pass", 0) for number in range(450)])
    assert query(warehouse, "select count(distinct node), count(*) from parley.dbt_results") == [(450, 450)]


def test_what_was_tried_again_counts_as_it_ended_last(warehouse: Warehouse, tmp_path: Path) -> None:
    kept(tmp_path, [result("test.parley.t", "fail", 0), result("model.parley.m", "success", 0)])
    kept(tmp_path, [result("test.parley.t", "pass", 0, ended="2026-01-05T07:09:00Z")], "i2")
    kept(tmp_path, [result("test.parley.t", "fail", 0, ended="2026-01-05T08:00:00Z")], "i3", run_id="run 2")
    with warehouse.connect() as connection:
        found = outcome(connection, "demo_bot", "run 1")
    assert (found.tests, found.tests_passed) == (1, 1)


def test_other_environments_keep_theirs_apart(
    warehouse: Warehouse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DEPLOY_ENV", "staging")
    kept(tmp_path, [result("model.parley.m", "success", 0)])
    assert query(warehouse, "select count(*) from parley_staging.dbt_results") == [(1,)]


@pytest.mark.usefixtures("warehouse")
def test_a_run_goes_on_when_they_cannot_be_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    keep(str(tmp_path), pipeline_name="demo_bot", context=CONTEXT)
    assert caplog.text == ""
    monkeypatch.setattr(results, "CREATE", "nonsense")
    with caplog.at_level(logging.WARNING):
        kept(tmp_path, [result("model.parley.m", "success", 0)])
    assert "were not kept in parley.dbt_results" in caplog.text


def test_the_queries_of_the_manual_find_slow_models_and_flaky_tests(warehouse: Warehouse, tmp_path: Path) -> None:
    nodes = [result("model.parley.slow", "success", 90), result("model.parley.fast", "success", 1)]
    kept(tmp_path, [*nodes, result("test.parley.flaky", "fail", 0), result("test.parley.steady", "pass", 0)])
    kept(tmp_path, [result("test.parley.flaky", "pass", 0, ended="2026-01-05T07:09:00Z")], "i2")
    slow, flaky = re.findall(r"```sql\n([^`]*parley\.dbt_results[^`]*)```", DOCS.read_text())
    assert query(warehouse, slow)[0][0] == "model.parley.slow"
    assert [row[0] for row in query(warehouse, flaky)] == ["test.parley.flaky"]
    assert settings.deploy_env() == "dev"
