"""Every DAG file is read as the dag-processor reads it: no import error, no query, nobody called."""

from __future__ import annotations

import json
import os
import re
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import replace
from datetime import timedelta
from types import SimpleNamespace
from typing import Any, NoReturn

import duckdb
import pytest
from airflow.dag_processing.dagbag import DagBag
from airflow.sdk import AssetOrTimeSchedule
from airflow.sdk.exceptions import AirflowFailException, AirflowRescheduleException

from parley import settings
from parley.dag import bot_dags, domain_dag, draw_ahead
from parley.dbt import manifest_path, write_manifests
from parley.errors import ConfigurationError
from parley.pipelines import Pipeline, bot, get_pipeline, load_pipelines
from parley.unpack_dag import unpack_dag
from parley.warehouse import Warehouse


@pytest.fixture(scope="module")
def dagbag() -> DagBag:
    write_manifests(load_pipelines())
    with pytest.MonkeyPatch.context() as patch:
        for owner, name in ((duckdb, "connect"), (socket.socket, "connect"), (socket, "getaddrinfo")):
            patch.setattr(owner, name, _refuse)
        return DagBag(str(settings.ROOT / "dags"))


def _refuse(*arguments: Any, **_: Any) -> NoReturn:
    raise AssertionError(f"A DAG file reached out while it was read: {arguments}")


def test_every_dag_file_is_read_without_error(dagbag: DagBag) -> None:
    assert dagbag.import_errors == {}
    assert set(dagbag.dags) == {
        *("chat_demo_bot", "ecommerce", "support"),
        *("unpack_demo_bot", "unpack_ecommerce", "unpack_support"),
        "publish",
    }


def test_schedules_are_utc_and_one_run_works_at_a_time(dagbag: DagBag) -> None:
    for pipeline in load_pipelines():
        for dag_id, cron in ((pipeline.dag_id, "0 7,18 * * *"), (pipeline.unpack_dag_id, "30 5,17 * * *")):
            dag = dagbag.dags[dag_id]
            assert dag.schedule == cron
            assert str(dag.timezone) == "UTC"
            assert dag.max_active_runs == 1
            assert not dag.catchup


def test_publish_runs_at_its_times_and_after_whatever_there_is_to_show(dagbag: DagBag) -> None:
    dag = dagbag.dags["publish"]
    assert isinstance(dag.timetable, AssetOrTimeSchedule)
    assert dag.timetable.timetable.expression == "0 8,19 * * *"
    assert str(dag.timetable.timetable.timezone) == "UTC"
    assert {asset.name for asset in dag.timetable.asset_condition.objects} == {
        name for pipeline in load_pipelines() for name in (pipeline.raw_schema, pipeline.marts_schema)
    }
    assert (dag.max_active_runs, dag.catchup) == (1, False)


def test_every_task_is_retried_more_and_more_slowly_and_ends_in_time(dagbag: DagBag) -> None:
    for dag in dagbag.dags.values():
        assert dag.dagrun_timeout is not None
        for task in dag.tasks:
            assert task.retries > 0, task.task_id
            assert task.retry_exponential_backoff, task.task_id
            assert task.max_retry_delay, task.task_id
            assert task.owner == "parley", task.task_id
            assert task.execution_timeout is not None, task.task_id
            assert task.execution_timeout < dag.dagrun_timeout, task.task_id


def test_every_dag_has_tags_and_says_what_it_reads_and_writes_and_what_to_do_when_it_fails(dagbag: DagBag) -> None:
    for dag in dagbag.dags.values():
        assert dag.tags
        assert dag.description
        for part in ("### ", "**Reads**", "**Writes**", "**When it fails**"):
            assert part in (dag.doc_md or "")
        assert "{" not in (dag.doc_md or "")


def test_without_anybody_to_mail_nothing_is_called_when_a_run_ends(dagbag: DagBag) -> None:
    for dag in dagbag.dags.values():
        assert (dag.on_failure_callback, dag.on_success_callback, dag.deadline) == (None, None, None)


def test_with_somebody_to_mail_every_dag_reports_failures_and_the_marts_have_a_deadline(
    dagbag: DagBag, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ALERT_EMAIL_TO", "ops@example.com")
    for pipeline in load_pipelines():
        domain, unpack = domain_dag(pipeline), unpack_dag(pipeline)
        assert domain.has_on_failure_callback
        assert unpack.has_on_failure_callback
        assert [alert.interval for alert in domain.deadline or []] == [timedelta(hours=1)]
        assert unpack.deadline is None


@pytest.mark.parametrize("dag_id", ["chat_demo_bot", "ecommerce", "support"])
def test_loads_are_marked_after_every_model_and_test(dagbag: DagBag, dag_id: str) -> None:
    dag = dagbag.dags[dag_id]
    before = {task.task_id for task in dag.get_task("mark_loads").get_flat_relatives(upstream=True)}
    assert before == {task.task_id for task in dag.tasks} - {"mark_loads"}
    assert dag.get_task("mark_loads").trigger_rule == "all_success"
    assert all(task.get_flat_relatives(upstream=True) for task in dag.tasks if task.task_id != "wait_for_loads")


@pytest.mark.parametrize("pipeline", load_pipelines(), ids=lambda pipeline: pipeline.name)
def test_every_model_is_a_task_and_every_test_is_reported_by_exactly_one(dagbag: DagBag, pipeline: Pipeline) -> None:
    """A test that no model's task reports could fail unseen when dbt is tried again: see docs/decisions/0002."""
    dag = dagbag.dags[pipeline.dag_id]
    nodes = {
        name: node
        for name, node in json.loads(manifest_path(pipeline).read_text())["nodes"].items()
        if node["fqn"][1] == pipeline.domain and node["config"]["enabled"]
    }
    tasks = {task.model_unique_id for task in dag.tasks if hasattr(task, "model_unique_id")}
    assert tasks == {name for name, node in nodes.items() if node["resource_type"] in ("model", "seed", "snapshot")}
    assert f"model.parley.{pipeline.domain}_load_ids" in tasks

    of_the_domain = {
        name
        for name, node in json.loads(manifest_path(pipeline).read_text())["nodes"].items()
        if node["resource_type"] == "test" and any(parent in nodes for parent in node["depends_on"]["nodes"])
    }
    reported = dag.get_task("dbt.dbt_producer_watcher").tests_per_model
    tests = [test for name in tasks for test in reported.get(name, [])]
    assert len(tests) > 50
    assert sorted(tests) == sorted(of_the_domain)
    # A task that dbt tells nothing runs its tests itself.
    assert all(reported[task.model_unique_id] for task in dag.tasks if getattr(task, "is_test_sensor", False))


def test_a_bot_that_cannot_be_drawn_fails_by_itself_and_says_why() -> None:
    files = {"My Bot": "sauce: events\n", "unparsed": "source: events\n"}
    for name, content in files.items():
        (settings.BOTS / f"{name}.yml").write_text(content)
    try:
        dags = {dag.dag_id: dag for dag in bot_dags()}
    finally:
        for name in files:
            (settings.BOTS / f"{name}.yml").unlink()
    assert set(dags) == {"chat_demo_bot", "chat_My_Bot", "chat_unparsed"}
    assert "mark_loads" in dags["chat_demo_bot"].task_ids
    for dag_id, why in {"chat_My_Bot": r"My Bot\.yml.*sauce", "chat_unparsed": "Run `parley manifest`"}.items():
        [task] = dags[dag_id].tasks
        with pytest.raises(AirflowFailException, match=why):
            task.execute({})
        assert re.search(why, str(dags[dag_id].doc_md))


@pytest.mark.usefixtures("dagbag")
@pytest.mark.parametrize("dag_id", ["chat_demo_bot", "chat_second", "chat_Third"])
def test_a_task_draws_no_other_bot(monkeypatch: pytest.MonkeyPatch, dag_id: str) -> None:
    # What `get_parsing_context` reads: set by the process of a task, and not by the dag-processor.
    monkeypatch.setenv("_AIRFLOW_PARSING_CONTEXT_DAG_ID", dag_id)
    others = [settings.BOTS / f"{name}.yml" for name in ("second", "Third")]
    for path in others:
        path.write_text("source: events\n")
    try:
        assert [dag.dag_id for dag in bot_dags()] == [dag_id]
    finally:
        for path in others:
            path.unlink()


@pytest.mark.parametrize("name", ["TASK_RETRIES", "TASK_RETRY_DELAY_SECONDS"])
def test_a_wrong_number_is_said_by_the_name_of_its_variable(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(name, "many")
    with pytest.raises(ConfigurationError, match=f"{name} is 'many'. Set it to a number"):
        unpack_dag(bot("b", source="s"))


def test_no_task_has_a_form_of_its_own(dagbag: DagBag) -> None:
    """Airflow checks each whenever it reads a DAG file: half of the time that this took."""
    dag = dagbag.dags["chat_demo_bot"]
    assert set(dag.params) >= {"full_refresh", "load_ids"}
    assert {task.task_id for task in dag.tasks if task.params} == set()


def test_what_writes_to_the_warehouse_takes_a_slot_and_what_watches_takes_none(dagbag: DagBag) -> None:
    pools = {task.task_id: task.pool for dag in dagbag.dags.values() for task in dag.tasks}
    assert {task for task, pool in pools.items() if pool == "warehouse"} == {
        "share_out",
        "unpack",
        "unpack_models",
        "dbt.dbt_producer_watcher",
        "mark_loads",
        # It reads, and a DuckDB file that is written cannot be read.
        "extracts",
        "docs",
    }


def test_the_models_of_a_bot_are_unpacked_beside_its_events_if_it_has_any() -> None:
    with_models, without = bot("a", source="s", model="m"), bot("b", source="s")
    dag = unpack_dag(with_models)
    assert set(dag.task_ids) == {"share_out", "prepare", "unpack", "unpack_models"}
    assert not dag.get_task("unpack_models").upstream_task_ids | dag.get_task("unpack_models").downstream_task_ids
    assert "a_model" in str(dag.doc_md)
    assert "unpack_models" not in unpack_dag(without).task_ids


def test_large_sources_are_prepared_by_mapped_tasks_and_land_whatever_becomes_of_these(dagbag: DagBag) -> None:
    for dag_id in ("unpack_demo_bot", "unpack_ecommerce"):
        dag = dagbag.dags[dag_id]
        assert dag.get_task("prepare").is_mapped
        assert dag.get_task("prepare").upstream_task_ids == {"share_out"}
        assert dag.get_task("prepare").downstream_task_ids == {"unpack"}
        assert dag.get_task("unpack").trigger_rule == "all_done"
    assert dagbag.dags["unpack_support"].task_ids == ["unpack"]


def test_a_dag_that_was_drawn_ahead_is_given_out_until_its_manifest_or_its_pipeline_changes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    drawn: dict[str, Any] = {}
    monkeypatch.setattr("parley.dag._drawn", drawn)
    pipeline = get_pipeline("support")
    manifest = write_manifests([pipeline])[0]
    assert domain_dag(pipeline) is not domain_dag(pipeline)
    draw_ahead(pipeline)
    ahead = drawn["support"][1]
    assert domain_dag(pipeline) is ahead
    assert domain_dag(replace(pipeline, schedule="0 1 * * *")) is not ahead
    os.utime(manifest, (1, 1))
    assert domain_dag(pipeline) is not ahead


def test_without_its_manifest_a_dag_says_how_to_make_it() -> None:
    with pytest.raises(ConfigurationError, match="Run `parley manifest`"):
        domain_dag(bot("no_manifest_yet", source="somewhere"))


@pytest.mark.parametrize(
    ("try_number", "dbt", "waits"),
    [(2, "running", True), (2, "failed", False), (2, "skipped", False), (1, "running", False)],
)
def test_a_model_that_failed_is_tried_again_when_dbt_has_ended(
    dagbag: DagBag, monkeypatch: pytest.MonkeyPatch, try_number: int, dbt: str, waits: bool
) -> None:
    task = dagbag.dags["chat_demo_bot"].get_task("dbt.models.chat.marts.sessions.run")
    monkeypatch.setattr(task, "_get_node_status", lambda ti, context: "error")
    monkeypatch.setattr(task, "_get_producer_task_status", lambda context: dbt)
    monkeypatch.setattr(type(task), "poke", lambda task, context: True)
    run = SimpleNamespace(clear_number=0)
    context = {"ti": SimpleNamespace(try_number=try_number), "task": task, "dag_run": run}
    with pytest.raises(AirflowRescheduleException) if waits else nullcontext():
        assert task.poke(context)


def test_models_that_are_run_again_take_turns(
    dagbag: DagBag, warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    task = dagbag.dags["chat_demo_bot"].get_task("dbt.models.chat.marts.sessions.run")
    at_work: list[int] = []

    def build(task: Any, context: Any, **_: Any) -> int:
        at_work.append(1)
        time.sleep(0.3)
        assert at_work == [1], "two at once"
        return at_work.pop()

    monkeypatch.setattr(type(task), "build_and_run_cmd", build)
    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(task.build_and_run_cmd, [{"task": task}] * 2)) == [1, 1]
    assert warehouse.path is not None
    assert warehouse.path.with_name("warehouse.duckdb.turn").exists()


def test_what_is_changed_in_a_sensor_works_on_the_copy_in_which_airflow_fills_the_templates(
    dagbag: DagBag, warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    del warehouse
    task = dagbag.dags["chat_demo_bot"].get_task("dbt.models.chat.marts.sessions.run")
    copy = task.prepare_for_execution()
    monkeypatch.setattr(type(task), "build_and_run_cmd", lambda task, context: task)
    monkeypatch.setattr(type(task), "poke", lambda task, context: task is copy)
    run = SimpleNamespace(clear_number=0)
    context: Any = {"task": copy, "ti": SimpleNamespace(try_number=1), "dag_run": run}
    assert copy.build_and_run_cmd(context) is copy
    assert copy.poke(context)
