"""Cosmos' watcher mode, with sensors that end in the triggerer.

In watcher mode one task runs dbt, and a sensor for each model waits for its part of it. A sensor that finds its model
not yet built defers to the triggerer, which resumes it in a second process only to see that all is well. Beside the
cost, a sensor that resumes right after it has deferred can be taken for dead by the scheduler, which still expects the
first process. Here the triggerer itself ends the task of a model that was built. Every other outcome goes to a worker,
as it does in Cosmos.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from functools import partial
from typing import Any, NoReturn

from airflow.sdk import TaskGroup
from airflow.triggers.base import BaseTrigger, TaskSuccessEvent, TriggerEvent
from cosmos.listeners.dag_run_listener import EventStatus
from cosmos.operators._watcher.base import BaseConsumerSensor
from cosmos.operators._watcher.triggerer import WatcherTrigger


class NodeTrigger(WatcherTrigger):  # type: ignore[misc]
    """Cosmos' trigger for one node of dbt, which ends the task when the node was built."""

    def serialize(self) -> tuple[str, dict[str, Any]]:
        return "parley.watcher.NodeTrigger", super().serialize()[1]

    async def run(self) -> AsyncIterator[TriggerEvent]:
        async for event in super().run():
            if event.payload["status"] == EventStatus.SUCCESS and "reason" not in event.payload:
                self.log.info("dbt has built %s", self.model_unique_id)
                yield TaskSuccessEvent()
            else:
                yield event


def end_in_triggerer(group: TaskGroup) -> None:
    """Let every sensor of a Cosmos task group that defers end in the triggerer."""
    for task in group.iter_tasks():
        if isinstance(task, BaseConsumerSensor):
            task.defer = partial(_defer, task)


def _defer(task: BaseConsumerSensor, *, trigger: BaseTrigger, **arguments: Any) -> NoReturn:
    _, of_cosmos = trigger.serialize()
    type(task).defer(task, trigger=NodeTrigger(**of_cosmos), **arguments)
    raise AssertionError("defer() raises")
