"""What dbt reports to Airflow while it works, and what the task of a model makes of it."""

from __future__ import annotations

import asyncio
import json
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.sdk import DAG
from airflow.sdk.exceptions import AirflowRescheduleException
from airflow.triggers.base import TaskSuccessEvent
from cosmos.listeners.dag_run_listener import EventStatus
from cosmos.operators._watcher.triggerer import WatcherEventReason
from cosmos.operators.watcher import DbtProducerWatcherOperator

from parley.dag import domain_dag
from parley.dbt import write_manifest
from parley.pipelines import get_pipeline
from parley.watcher import NodeTrigger

MODEL = "model.parley.sessions"


class Task(SimpleNamespace):
    """Of dbt: it keeps what it pushes, and Cosmos' notes on that."""

    def __init__(self) -> None:
        super().__init__(pushed=[], _cosmos_xcom_backup_buffer={}, _cosmos_xcom_persist_incrementally=True)
        self._cosmos_xcom_backup_var_key = "notes"

    def xcom_push(self, key: str, value: Any) -> None:
        self.pushed.append((key, value))


@pytest.fixture(scope="module")
def dag() -> DAG:
    write_manifest(get_pipeline("demo_bot"))
    return domain_dag(get_pipeline("demo_bot"))


@pytest.fixture
def stored(monkeypatch: pytest.MonkeyPatch) -> list[set[str]]:
    """The keys of the notes, each time that they are stored."""
    stored: list[set[str]] = []
    monkeypatch.setattr("cosmos.operators._watcher.xcom._persist_backup", lambda key, notes: stored.append(set(notes)))
    return stored


def read(dag: DAG, task: Task, *events: tuple[str, str, str]) -> None:
    """Let the task of dbt read events of its log: name, node and the node's status."""
    producer = dag.get_task("dbt.dbt_producer_watcher")
    assert isinstance(producer, DbtProducerWatcherOperator)
    reader = producer.prepare_for_execution()._make_parse_callable()
    for name, node, status in events:
        node_info = {"unique_id": node, "node_status": status, "resource_type": node.split(".")[0], "node_path": ""}
        line = {"info": {"name": name, "msg": name, "level": "debug"}, "data": {"node_info": node_info}}
        reader(json.dumps(line), {"context": {"ti": task}, "project_dir": "/nowhere"})


def test_the_end_of_a_model_is_reported_and_stored_once(dag: DAG, stored: list[set[str]]) -> None:
    task = Task()
    steps = [
        ("NodeStart", MODEL, "started"),
        ("NodeCompiling", MODEL, "compiling"),
        ("NodeExecuting", MODEL, "executing"),
    ]
    read(dag, task, *steps)
    assert (task.pushed, stored) == ([], [])
    read(dag, task, ("NodeFinished", MODEL, "success"), ("NodeFinished", MODEL, "success"))
    keys = [key for key, _ in task.pushed]
    assert keys == ["model__parley__sessions_dbt_event", "model__parley__sessions_status"]
    assert dict(task.pushed)["model__parley__sessions_status"]["status"] == "success"
    assert stored[0] == set(keys)


def test_an_error_is_reported_with_its_message(dag: DAG, stored: list[set[str]]) -> None:
    task = Task()
    read(dag, task, ("RunResultError", MODEL, "error"), ("NodeFinished", MODEL, "error"))
    pushed = dict(task.pushed)
    assert pushed["model__parley__sessions_status"]["status"] == "error"
    assert pushed["model__parley__sessions_dbt_event"]["msg"]
    assert stored


def test_the_tests_of_a_model_are_reported_together_when_the_last_has_ended(dag: DAG, stored: list[set[str]]) -> None:
    task = Task()
    tests = dag.get_task("dbt.dbt_producer_watcher").tests_per_model["model.parley.chat_load_ids"]
    assert len(tests) > 1
    read(dag, task, *[("NodeFinished", test, "pass") for test in tests])
    assert task.pushed == [("model__parley__chat_load_ids_tests_status", "pass")]
    assert stored[-1] == {"model__parley__chat_load_ids_tests_status"}


def look(
    dag: DAG, monkeypatch: pytest.MonkeyPatch, seen: tuple[int, str | None, str | None], *, times_cleared: int = 0
) -> bool | str:
    """What the task of a model does that sees the number of its try, how dbt has ended the model, and dbt's task."""
    try_number, status, dbt = seen
    ran_again = []

    def run_again(*_: Any, **__: Any) -> bool:
        ran_again.append(True)
        return True

    # Airflow's copy of the task, in which the templates are filled.
    task: Any = dag.get_task("dbt.models.chat.marts.sessions.run").prepare_for_execution()
    monkeypatch.setattr(task, "_get_node_status", lambda ti, context: status)
    monkeypatch.setattr(task, "_get_producer_task_status", lambda context: dbt)
    monkeypatch.setattr(type(task), "_cache_compiled_sql", lambda *_: None)
    monkeypatch.setattr(type(task), "_fallback_to_non_watcher_run", run_again)
    ti = SimpleNamespace(try_number=try_number, xcom_pull=lambda *_, **__: None)
    run = SimpleNamespace(clear_number=times_cleared)
    try:
        done = bool(task.poke({"task": task, "ti": ti, "task_instance": ti, "dag_run": run}))
        return "run again" if ran_again else done
    except AirflowRescheduleException:
        return "wait"


@pytest.mark.parametrize(
    ("seen", "does"),
    [
        ((1, None, "running"), False),
        ((1, "success", "running"), True),
        ((2, "error", "running"), "wait"),
        # What dbt has reported is cleared when its task is tried again, and soon there again.
        ((2, None, "up_for_retry"), "wait"),
        ((2, None, "running"), "wait"),
        ((2, "success", "running"), True),
        ((2, "error", "failed"), "run again"),
        ((2, None, "success"), "run again"),
    ],
)
def test_a_model_that_is_tried_again_is_run_again_when_dbt_has_ended(
    dag: DAG, monkeypatch: pytest.MonkeyPatch, seen: tuple[int, str | None, str], does: bool | str
) -> None:
    assert look(dag, monkeypatch, seen) == does


@pytest.mark.parametrize(
    ("seen", "does"),
    [
        # What dbt has reported before stays there until its task has started again: it may wait long for its slot.
        ((2, "success", None), "wait"),
        ((2, "success", "scheduled"), "wait"),
        ((2, "success", "running"), "wait"),
        ((2, "error", "queued"), "wait"),
        ((2, None, "running"), "wait"),
        ((2, None, "skipped"), "run again"),
        # A task that had not started when the run was cleared; Cosmos may have restored what dbt had reported.
        ((1, "success", "scheduled"), "wait"),
        ((1, "success", "skipped"), "run again"),
        ((1, "failed", "skipped"), "run again"),
        ((1, None, "skipped"), "run again"),
        # dbt had not run before: wait_for_loads was skipped, then cleared.
        ((1, None, "running"), "wait"),
        ((1, "success", "success"), True),
        # A single model was cleared.
        ((2, "success", "success"), "run again"),
    ],
)
def test_in_a_run_that_was_cleared_nothing_counts_that_dbt_has_reported_before(
    dag: DAG, monkeypatch: pytest.MonkeyPatch, seen: tuple[int, str | None, str | None], does: bool | str
) -> None:
    assert look(dag, monkeypatch, seen, times_cleared=1) == does


def ends(monkeypatch: pytest.MonkeyPatch, *, status: str | None, dbt: str, is_test_sensor: bool) -> Any:
    """The event with which the triggerer ends its watch of a model, or of its tests."""

    async def reported(trigger: NodeTrigger) -> tuple[str | None, None]:
        return status, None

    async def state(trigger: NodeTrigger) -> str:
        return dbt

    monkeypatch.setattr(NodeTrigger, "_parse_dbt_node_status_and_compiled_sql", reported)
    monkeypatch.setattr(NodeTrigger, "_get_producer_task_status", state)
    trigger = NodeTrigger(MODEL, "dbt.dbt_producer_watcher", "chat_demo_bot", "run", -1, is_test_sensor=is_test_sensor)
    return asyncio.run(anext(trigger.run()))


@pytest.mark.parametrize("is_test_sensor", [False, True])
def test_the_triggerer_ends_what_dbt_has_built_and_nothing_else(
    dag: DAG, monkeypatch: pytest.MonkeyPatch, is_test_sensor: bool
) -> None:
    done = ends(
        monkeypatch, status="pass" if is_test_sensor else "success", dbt="running", is_test_sensor=is_test_sensor
    )
    assert isinstance(done, TaskSuccessEvent)
    failed = ends(
        monkeypatch, status="fail" if is_test_sensor else "error", dbt="running", is_test_sensor=is_test_sensor
    )
    assert failed.payload == {"status": EventStatus.FAILED, "reason": WatcherEventReason.NODE_FAILED}

    # Somebody marked the task of dbt as success while it ran.
    event = ends(monkeypatch, status=None, dbt="success", is_test_sensor=is_test_sensor)
    kind = "test" if is_test_sensor else "run"
    task: Any = dag.get_task(f"dbt.models.chat.marts.sessions.{kind}").prepare_for_execution()
    ran = []
    monkeypatch.setattr(type(task), "_fallback_to_non_watcher_run", lambda *_, **__: ran.append(True))
    task.execute_complete({"ti": SimpleNamespace(try_number=1, xcom_pull=lambda *_, **__: None)}, event.payload)
    assert ran == [True]


@pytest.mark.parametrize(
    ("task_id", "command"),
    [
        ("seeds.chat.special_events.seed", ["seed", "--full-refresh", "--select", "special_events"]),
        ("models.chat.marts.sessions.run", ["run", "--full-refresh", "--select", "sessions"]),
        ("snapshots.chat.chat_users_snapshot.snapshot", ["snapshot", "--select", "chat_users_snapshot"]),
    ],
)
@pytest.mark.parametrize("published", [["--full-refresh", "--log-format", "json"], None])
def test_what_is_run_again_after_a_full_refresh_gets_the_options_that_its_command_has(
    dag: DAG, monkeypatch: pytest.MonkeyPatch, task_id: str, command: list[str], published: list[str] | None
) -> None:
    task: Any = dag.get_task(f"dbt.{task_id}").prepare_for_execution()
    task.full_refresh = "True"  # as Airflow renders it
    commands: list[list[str]] = []
    monkeypatch.setattr(type(task), "build_and_run_cmd", lambda *_, cmd_flags: commands.append(cmd_flags))
    # What the task of dbt has published of its own options; nothing, once it was cleared.
    ti = SimpleNamespace(try_number=2, xcom_pull=lambda *_, **__: published)
    task._fallback_to_non_watcher_run(2, {"task": task, "ti": ti})
    assert [[*task.base_cmd, *flags] for flags in commands] == [command]
