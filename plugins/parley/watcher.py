"""What Parley changes in Cosmos' watcher mode, in which one task runs dbt and a sensor for each model follows it.

* A sensor that finds its model not yet built defers to the triggerer, which would resume it in a second process only
  to see that all is well. Beside the cost, a sensor that resumes right after it has deferred can be taken for dead by
  the scheduler, which still expects the first process. Here the triggerer itself ends the task of a model that was
  built; every other outcome goes to a worker, as in Cosmos.
* A test of several models would be reported with each of them, also with one that is built before the others are:
  if a later model breaks, the earlier one is shown as failed. Here it is reported with the last of its models.
* A model that failed is run again by its own task once dbt has ended. Until then each try of the task fails at once,
  and in a long build none may be left when it could help. So does a try that looks while the task of dbt is itself
  tried again: Airflow clears what it has reported, and Cosmos restores that. Here a try waits for the end of dbt.
* In a run that is cleared, what dbt has reported before the clearing stays until its task starts again, and while that
  waits for its slot every model would be taken for built. Here nothing counts that was reported before: each task waits
  until that of dbt has ended anew, and runs its model itself where dbt did not run again, which Cosmos never lets it.
* A model of which nothing was reported when the task of dbt has ended as success counts as built in Cosmos: it is
  ephemeral, or its file is empty. Here there are none: somebody has marked that task as success while dbt hung. So the
  task of the model runs it.
* Tasks that run their models again at the same time would keep each other from a DuckDB file, and dbt looks whether it
  is free more and more seldom. Here they take turns.
* A task that runs its own node takes over the options of the task of dbt. Here a snapshot leaves out `--full-refresh`,
  which `dbt snapshot` does not know.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import chain
from typing import Any, NoReturn

from airflow.sdk import Context, TaskGroup
from airflow.sdk.exceptions import AirflowRescheduleException
from airflow.triggers.base import BaseTrigger, TaskSuccessEvent, TriggerEvent
from cosmos.listeners.dag_run_listener import EventStatus
from cosmos.operators._watcher.base import BaseConsumerSensor
from cosmos.operators._watcher.state import (
    ProducerTaskState,
    is_dbt_node_status_success,
    is_dbt_node_status_terminal,
    is_producer_task_terminated,
)
from cosmos.operators._watcher.triggerer import WatcherEventReason, WatcherTrigger
from cosmos.operators.watcher import DbtProducerWatcherOperator, DbtSnapshotWatcherOperator
from filelock import FileLock

from parley.warehouse import Warehouse

# How often the task of a model that is tried again looks whether dbt has ended.
END_OF_DBT_SECONDS = 10


class NodeTrigger(WatcherTrigger):  # type: ignore[misc]
    """Cosmos' trigger for one node of dbt, which ends the task when the node was built."""

    def serialize(self) -> tuple[str, dict[str, Any]]:
        return "parley.watcher.NodeTrigger", super().serialize()[1]

    async def _log_startup_events(self) -> None:
        """Not dbt's version in the log of each model: Cosmos asks for it until it is there, before anything else."""

    async def run(self) -> AsyncIterator[TriggerEvent]:
        async for event in super().run():
            if event.payload["status"] != EventStatus.SUCCESS:
                yield event
            elif event.payload.get("reason") == WatcherEventReason.NODE_NOT_RUN:
                # Everything here has something to run. So the task of dbt was marked as success before dbt had come to
                # this: its own task does it, as when that of dbt is skipped.
                self.log.warning("The task of dbt succeeded without %s: running it by itself", self.model_unique_id)
                payload = {"status": EventStatus.FAILED, "reason": WatcherEventReason.PRODUCER_SKIPPED}
                yield TriggerEvent(payload)  # type: ignore[no-untyped-call]
            else:
                self.log.info("dbt has built %s", self.model_unique_id)
                yield TaskSuccessEvent()


def end_in_triggerer(group: TaskGroup) -> None:
    """Let every sensor of a Cosmos task group that defers end in the triggerer."""
    for task in group.iter_tasks():
        if isinstance(task, BaseConsumerSensor):
            task.defer = partial(_defer, task)


def retry_after_dbt(group: TaskGroup) -> None:
    """Let every sensor of a Cosmos task group wait for the end of dbt if its model has failed or the run is cleared."""
    for task in group.iter_tasks():
        if isinstance(task, BaseConsumerSensor):
            task.poke = _poke
            # Cosmos asks for dbt's version with each look, for a line of the log that is not shown.
            task._log_startup_events = _nothing


def report_ends(group: TaskGroup) -> None:
    """Let dbt report to Airflow how each node has ended, once."""
    for task in group.iter_tasks():
        if isinstance(task, DbtProducerWatcherOperator):
            task._make_parse_callable = partial(_log_reader, task)
            # Nobody here reads OpenLineage's events, which Cosmos makes of dbt's artifacts after each run.
            task._get_dbt_local_artifact_processor = _nothing


def take_turns(group: TaskGroup) -> None:
    """Let the sensors of a Cosmos task group that run dbt themselves do so one at a time, on DuckDB."""
    for task in group.iter_tasks():
        if isinstance(task, BaseConsumerSensor):
            task.build_and_run_cmd = _build_in_turn


def keep_snapshots(group: TaskGroup) -> None:
    """Let the sensors of a Cosmos task group that run a snapshot themselves do so after a full refresh too."""
    for task in group.iter_tasks():
        if isinstance(task, DbtSnapshotWatcherOperator):
            task._filter_flags = _flags_of_snapshot


def report_tests_once(group: TaskGroup) -> None:
    """Let each test be reported with that of its models that comes after all the others."""
    tasks = list(group.iter_tasks())
    before = {
        task.model_unique_id: {getattr(other, "model_unique_id", None) for other in task.get_flat_relatives(True)}
        for task in tasks
        if isinstance(task, BaseConsumerSensor)
    }
    for producer in tasks:
        if isinstance(producer, DbtProducerWatcherOperator):
            # Sources have tests too, but no task.
            reported = {model: tests for model, tests in producer.tests_per_model.items() if model in before}
            models = {
                test: {model for model in reported if test in reported[model]} for test in chain(*reported.values())
            }
            producer.tests_per_model = {
                model: [test for test in tests if models[test] - {model} <= before[model]]
                for model, tests in reported.items()
            }


def _nothing(*_: Any) -> None:
    pass


def _poke(context: Context) -> bool:
    # Not the task of the DAG file but Airflow's copy of it, in which the templates are filled.
    task: Any = context["task"]
    ti = context["ti"]
    # Airflow counts this up in the transaction in which it clears tasks.
    cleared = bool(context["dag_run"].clear_number)
    if cleared or ti.try_number > 1:
        dbt = task._get_producer_task_status(context)
        if not is_producer_task_terminated(dbt) and (
            cleared or not is_dbt_node_status_success(task._get_node_status(ti, context))
        ):
            task.log.info("dbt has not ended: looking at %s again then", task.model_unique_id)
            again = datetime.now(UTC) + timedelta(seconds=END_OF_DBT_SECONDS)
            raise AirflowRescheduleException(again)  # type: ignore[no-untyped-call]
        if cleared and dbt == ProducerTaskState.SKIPPED:
            # dbt ran before the clearing. Cosmos may have restored what it reported then, and believes that in a first
            # try: of a task that had not yet started when the run was cleared.
            return bool(task._fallback_to_non_watcher_run(ti.try_number, context))
    return bool(type(task).poke(task, context))


class _Ends:
    """The task of dbt as the reader of dbt's log sees it: it pushes what the tasks of the models read, and that once.

    Cosmos pushes each step of each node and test, and how a node has ended with each line of dbt's log that says so.
    With each push it stores all pushes so far anew, for the case that dbt is killed; here, when a node has ended.
    """

    def __init__(self, ti: Any, pushed: dict[str, Any]) -> None:
        self._ti = ti
        self._pushed = pushed
        # What Cosmos asks for after each push: where to note it (None: nowhere), and whether to store all notes.
        self._cosmos_xcom_backup_buffer: dict[str, Any] | None = None
        self._cosmos_xcom_persist_incrementally = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._ti, name)

    def xcom_push(self, key: str, value: Any) -> None:
        is_step = key.endswith("_dbt_event") and (
            key.startswith("test__") or not is_dbt_node_status_terminal(value["status"])
        )
        is_new = not is_step and (key not in self._pushed or self._pushed[key] != value)
        if is_new:
            self._ti.xcom_push(key=key, value=value)
            self._pushed[key] = value
        self._cosmos_xcom_backup_buffer = getattr(self._ti, "_cosmos_xcom_backup_buffer", None) if is_new else None
        self._cosmos_xcom_persist_incrementally = key.endswith("_status") and getattr(
            self._ti, "_cosmos_xcom_persist_incrementally", False
        )


def _log_reader(producer: DbtProducerWatcherOperator) -> Callable[..., None]:
    return partial(_read_log, type(producer)._make_parse_callable(producer), {})


def _read_log(
    read: Callable[..., None], pushed: dict[str, Any], line: str, extra_kwargs: dict[str, Any], **more: Any
) -> None:
    context = extra_kwargs["context"]
    read(line, {**extra_kwargs, "context": {"ti": _Ends(context["ti"], pushed)}}, **more)


def _build_in_turn(context: Context, **arguments: Any) -> Any:
    task: Any = context["task"]
    warehouse = Warehouse.from_env()
    turn = FileLock(f"{warehouse.path}.turn") if warehouse.path else nullcontext()
    with turn:
        return type(task).build_and_run_cmd(task, context, **arguments)


def _flags_of_snapshot(flags: list[str]) -> list[str]:
    return [flag for flag in BaseConsumerSensor._filter_flags(flags) if flag != "--full-refresh"]


def _defer(task: BaseConsumerSensor, *, trigger: BaseTrigger, **arguments: Any) -> NoReturn:
    _, of_cosmos = trigger.serialize()
    type(task).defer(task, trigger=NodeTrigger(**of_cosmos), **arguments)
    raise AssertionError("defer() raises")
