"""Sensors: what a run waits for."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from typing import Any

from airflow.sdk import BaseSensorOperator, Context
from airflow.sdk.exceptions import AirflowFailException, AirflowRescheduleException, AirflowSkipException
from airflow.sdk.execution_time.task_runner import RuntimeTaskInstance
from croniter import croniter

from parley.backfill import Backfill
from parley.errors import BackfillError, WarehouseUnreachableError
from parley.loads import Load
from parley.pipelines import Pipeline, get_pipeline
from parley.registered_loads import register_arrived
from parley.triggers import NewLoadsTrigger, new_loads
from parley.warehouse import Warehouse

# The id of the sensor's task in every DAG.
WAIT = "wait_for_loads"
# A run that has to wait for another looks again after so many seconds, or up to twice as many: two that look at the
# same time both wait, and should not meet again.
OTHER_RUN_SECONDS = 10
# Who starts a run so wants to know now, or as soon as the warehouse can be asked.
BY_HAND = ("manual", "backfill")
ENDED = ("success", "failed", "skipped", "upstream_failed", "removed")


class NewLoadsSensor(BaseSensorOperator):
    """Waits, in the triggerer, until a pipeline has new loads, and checks what the run was asked for.

    No new loads in time is no failure: the run is skipped, or goes on without them where the pipeline does not need
    any. A run started by hand does not wait. A run that was asked for certain loads gives their ids on to dbt, and so
    does Airflow's backfill of a past date: the loads that arrived since the time scheduled before it. A run that is
    cleared works on the loads that it has pinned again, done or not.

    Airflow lets a backfill run beside the other runs of a DAG, and starts several at once. Here one works at a time: a
    run goes on when no other is in this sensor or between it and the DAG's last task.

    Args:
        pipeline_name: whose loads.
        last_task_id: of the task that ends a run's work.
        give_up_after: how long to wait.
        poke_interval: seconds between two looks.
    """

    def __init__(
        self,
        *,
        pipeline_name: str,
        last_task_id: str,
        give_up_after: timedelta,
        poke_interval: float = 30,
        **kwargs: Any,
    ) -> None:
        super().__init__(poke_interval=poke_interval, **kwargs)
        self.pipeline_name = pipeline_name
        self.last_task_id = last_task_id
        self.give_up_after = give_up_after

    def execute(self, context: Context) -> list[str]:
        """The ids of the loads that the run was asked for; an empty list when it takes all that are new.

        Raises:
            AirflowFailException: what the run was asked for cannot be done.
            AirflowSkipException: there is nothing to do.
            AirflowRescheduleException: another run is at work, or the warehouse is away and may come back.
            WarehouseUnreachableError: it is away, and somebody waits for the run or time is up.
        """
        try:
            return self._look(context)
        except WarehouseUnreachableError as error:
            if context["dag_run"].run_type in BY_HAND or self._give_up_at(context) <= datetime.now(UTC):
                raise
            self.log.warning("Looking again: %s", error)
            again = datetime.now(UTC) + timedelta(seconds=self.poke_interval)
            raise AirflowRescheduleException(again) from error  # type: ignore[no-untyped-call]

    def _look(self, context: Context) -> list[str]:
        pipeline = get_pipeline(self.pipeline_name)
        run_type = context["dag_run"].run_type
        try:
            asked = Backfill.from_params(context["params"])
            if run_type == "backfill" and pipeline.needs_loads and not asked.full_refresh and not asked.names_loads:
                asked = _since_the_time_before(pipeline, context)
            if asked.names_loads:
                return self._chosen(asked.choose(_loads(pipeline)), asked, context)
        except BackfillError as error:
            # Trying again would not help.
            raise AirflowFailException(str(error)) from error
        if asked.full_refresh:
            return self._full_refresh(_loads(pipeline), context)
        if pinned := _pinned_before(pipeline, context):
            self._wait_for_other_runs(context)
            self.log.info("Working on the loads that this run has pinned: %s", ", ".join(pinned))
            return []
        if run_type in BY_HAND:
            return self.execute_complete(
                context, {"load_ids": [load.load_id for load in _loads(pipeline) if load.is_new]}
            )
        if load_ids := new_loads(self.pipeline_name):
            return self.execute_complete(context, {"load_ids": load_ids})
        give_up_at = self._give_up_at(context)
        if give_up_at <= datetime.now(UTC):
            return self.execute_complete(context, {"load_ids": []})
        self.log.info("No new loads of %s yet, waiting until %s", self.pipeline_name, f"{give_up_at:%H:%M} UTC")
        self.defer(
            trigger=NewLoadsTrigger(self.pipeline_name, self.poke_interval, give_up_at.timestamp()),
            method_name="execute_complete",
            # The trigger gives up by itself; this is for a triggerer that hangs.
            timeout=self.give_up_after + timedelta(minutes=5),
        )
        raise AssertionError("defer() raises")

    def execute_complete(self, context: Context, event: dict[str, Any]) -> list[str]:
        """The new loads go to the log alone: dbt's first model takes those that there are when it starts."""
        load_ids: list[str] = event["load_ids"]
        if load_ids or not get_pipeline(self.pipeline_name).needs_loads:
            self._wait_for_other_runs(context)
        if load_ids:
            self.log.info("New loads of %s: %s", self.pipeline_name, ", ".join(load_ids))
        elif get_pipeline(self.pipeline_name).needs_loads:
            raise AirflowSkipException(f"No new loads of {self.pipeline_name} within {self.give_up_after}")
        else:
            self.log.info("No new loads of %s: going on without", self.pipeline_name)
        return []

    def _give_up_at(self, context: Context) -> datetime:
        # From the start of the run: this task may start several times.
        return (context["dag_run"].start_date or datetime.now(UTC)) + self.give_up_after

    def _chosen(self, load_ids: list[str], asked: Backfill, context: Context) -> list[str]:
        if not load_ids:
            raise AirflowSkipException(f"No loads of {self.pipeline_name} arrived in {asked.period}")
        self._wait_for_other_runs(context)
        # dbt's first model adds what a failed run has left half done, and what this run has pinned before stays.
        self.log.info("Working on the loads %s of %s, done or not", ", ".join(load_ids), self.pipeline_name)
        return load_ids

    def _full_refresh(self, loads: list[Load], context: Context) -> list[str]:
        if not loads:
            raise AirflowSkipException(f"{self.pipeline_name} has no loads yet: there is nothing to build from")
        self._wait_for_other_runs(context)
        self.log.info("Full refresh from all %d loads of %s", len(loads), self.pipeline_name)
        return []

    def _wait_for_other_runs(self, context: Context) -> None:
        if other := _at_work(context, self.task_id, self.last_task_id):
            seconds = OTHER_RUN_SECONDS * random.uniform(1, 2)
            self.log.info("The run %s is at work: looking again in %d s", other, seconds)
            again = datetime.now(UTC) + timedelta(seconds=seconds)
            raise AirflowRescheduleException(again)  # type: ignore[no-untyped-call]


def _at_work(context: Context, first_task_id: str, last_task_id: str) -> str | None:
    """Another run of the DAG that is in the first task or between it and the last one, if there is one."""
    dag_id, run_id = context["dag_run"].dag_id, context["dag_run"].run_id
    if RuntimeTaskInstance.get_dr_count(dag_id, states=["running"]) < 2:
        return None
    states = RuntimeTaskInstance.get_task_states(dag_id, task_ids=[first_task_id, last_task_id])
    for other, tasks in states.items():
        if other == run_id:
            continue
        # One whose first task runs may be about to go on. It ran before it looked, so of two one sees the other.
        is_first = tasks.get(first_task_id) == "running"
        is_between = tasks.get(first_task_id) == "success" and tasks.get(last_task_id) not in ENDED
        if (is_first or is_between) and RuntimeTaskInstance.get_dr_count(dag_id, None, [other], ["running"]):
            return other
    return None


def _loads(pipeline: Pipeline) -> list[Load]:
    warehouse = Warehouse.from_env()
    if not warehouse.exists():
        return []
    register_arrived(pipeline, warehouse)
    with warehouse.connect(read_only=True) as connection:
        return pipeline.ledger.loads(connection)


def _pinned_before(pipeline: Pipeline, context: Context) -> list[str]:
    """The loads that the run has pinned before it was cleared."""
    # On the first try there are none, and a warehouse that is busy need not be waited for.
    warehouse = Warehouse.from_env()
    if context["ti"].try_number == 1 or not warehouse.exists():
        return []
    with warehouse.connect(read_only=True) as connection:
        return pipeline.ledger.pinned(connection, context["dag_run"].run_id)


def _since_the_time_before(pipeline: Pipeline, context: Context) -> Backfill:
    """What a backfill of one date works on: the loads that arrived from the scheduled time before until then."""
    until = context["dag_run"].logical_date or context["dag_run"].run_after
    since: datetime = croniter(pipeline.schedule, until.astimezone(UTC)).get_prev(datetime)
    return Backfill(since=since, before=until)
