"""E-mail alerts of the DAGs: a run that failed, one that missed its deadline, one without new data, a recovery.

The first and the last two are sent by the dag-processor, the deadline's by the triggerer, neither of which may be
held up: what the mail says comes from Airflow, and only the loads that wait from the warehouse, if it is free.
"""

from __future__ import annotations

import asyncio
import logging
import os
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from urllib.parse import quote

from airflow.sdk import Context, Variable
from airflow.sdk.configuration import conf
from airflow.sdk.definitions.callback import AsyncCallback
from airflow.sdk.definitions.deadline import DeadlineAlert, DeadlineReference
from airflow.sdk.execution_time.task_runner import RuntimeTaskInstance
from airflow.sdk.execution_time.xcom import XCom
from airflow.sdk.log import redact  # type: ignore[attr-defined]

from parley.alerts import AMBER, GREEN, RED, Alert, Failure
from parley.errors import WarehouseBusyError
from parley.mail import MailSettings, send
from parley.pipelines import Pipeline, get_pipeline
from parley.sensors import WAIT
from parley.settings import flag
from parley.warehouse import Warehouse

log = logging.getLogger(__name__)

# The last part of the ids of Cosmos' tasks, in words.
STEPS = {"run": "model", "seed": "seed", "snapshot": "snapshot", "test": "tests of"}
PRODUCER = "dbt.dbt_producer_watcher"
# How Airflow names the instances of a mapped task when it is asked for states: prepare_0. No other task of ours ends in
# a number.
MAPPED = re.compile(r"(.+)_(\d+)")

# What Cosmos puts before the name and the message of each node.
COSMOS_SAYS = "dbt invocation completed with errors: "

# The XCom in which a failed task leaves its error.
ERROR = "error"
KEEP_ERROR_SECONDS = 15
ERROR_LINES = 12
ERROR_CHARACTERS = 2000
FAILURES = 10
LOADS = 10
# Airflow ends a callback after 50 seconds, with its mail.
WAREHOUSE_SECONDS = 5


@dataclass(frozen=True)
class Callbacks:
    """What a DAG calls when a run ends; None where nobody wants to know."""

    on_failure: Callable[[Context], None] | None = None
    on_success: Callable[[Context], None] | None = None
    deadline: DeadlineAlert | None = None


def callbacks(pipeline: Pipeline | None = None, *, deadline: timedelta | None = None) -> Callbacks:
    """The callbacks of a DAG; none when nobody is to get mail.

    Args:
        pipeline: whose DAG it is; None for publish, which belongs to all.
        deadline: how long after its scheduled time a run has to be done.
    """
    if not MailSettings.from_env().to:
        return Callbacks()
    alert = None
    if pipeline and deadline:
        alert = DeadlineAlert(
            reference=DeadlineReference.DAGRUN_LOGICAL_DATE,
            interval=deadline,
            callback=AsyncCallback(deadline_missed, {"pipeline_name": pipeline.name}),
        )
    wanted = flag("ALERT_ON_NO_DATA", default=False) or flag("ALERT_ON_RECOVERY", default=False)
    return Callbacks(
        on_failure=partial(run_failed, pipeline.name if pipeline else None),
        on_success=partial(run_succeeded, pipeline.name) if pipeline and wanted else None,
        deadline=alert,
    )


def keep_error(context: Context) -> None:
    """Callback of every task that has failed for good: leave its error where the mail of the run finds it."""
    try:
        context["ti"].xcom_push(key=ERROR, value=_first_lines(str(context.get("exception") or "")))
    except Exception as error:
        # For a task that was killed the dag-processor calls this, which has no way to leave anything.
        log.info("The error is in the log alone: %s", error)


def run_failed(pipeline_name: str | None, context: Context) -> None:
    """Callback of a failed run."""
    dag_id, run_id = context["dag"].dag_id, context["run_id"]
    states = _task_states(dag_id, run_id)
    failed = _failed(states)
    sentences = [f"The run {run_id} has failed."]
    if context.get("reason") == "timed_out":
        sentences = [f"The run {run_id} was ended because it took too long."]
    if not_built := sum(state == "upstream_failed" for state in states.values()):
        sentences.append(f"{not_built} tasks behind what failed did not run.")
    sentences.append(
        "Mend the cause, then clear the run or leave it to the next one: no load is lost or counted twice."
    )
    sentences.append("docs/operations.md has more under 'A run has failed'.")
    waiting, remark = _waiting(get_pipeline(pipeline_name)) if pipeline_name else ([], [])
    until = time.monotonic() + KEEP_ERROR_SECONDS
    send(
        Alert(
            f"{dag_id} has failed" + (f": {_what(failed[0])}" if failed else ""),
            RED,
            sentences + remark,
            failures=[_failure(dag_id, run_id, task, until) for task in failed[:FAILURES]],
            more_failures=max(0, len(failed) - FAILURES),
            waiting=waiting,
            links=_links(dag_id, run_id),
        ).mail()
    )
    if pipeline_name and flag("ALERT_ON_RECOVERY", default=False):
        Variable.set(_failed_before(dag_id), run_id)


def run_succeeded(pipeline_name: str, context: Context) -> None:
    """Callback of a run that has ended well: says that it found nothing to do, or that all is well again."""
    pipeline, dag_id, run_id = get_pipeline(pipeline_name), context["dag"].dag_id, context["run_id"]
    if _task_states(dag_id, run_id).get(WAIT) == "skipped":
        if flag("ALERT_ON_NO_DATA", default=False):
            text = f"The run {run_id} found no new loads of {pipeline.raw_schema} in time and was skipped."
            why = f"Look at {pipeline.unpack_dag_id}, and whether its source has anything new."
            links = _links(dag_id, run_id)
            send(Alert(f"{dag_id} found no new data", AMBER, [text, why], links=links).mail())
    elif flag("ALERT_ON_RECOVERY", default=False) and (failed_run := Variable.get(_failed_before(dag_id), None)):
        Variable.delete(_failed_before(dag_id))
        sentences = [f"The run {run_id} has succeeded; {failed_run} had failed."]
        links = _links(dag_id, run_id)
        waiting: list[str] = []
        if dag_id == pipeline.dag_id:
            waiting, remark = _waiting(pipeline)
            sentences += remark or ["Loads are still waiting." if waiting else "No load waits any more."]
        send(Alert(f"{dag_id} works again", GREEN, sentences, waiting=waiting, links=links).mail())


async def deadline_missed(*, pipeline_name: str, context: dict[str, Any]) -> None:
    """Callback, in the triggerer, when a run is not done at its deadline."""
    # A thread: a mail server that does not answer would hold up every trigger of this process.
    await asyncio.to_thread(_deadline_missed, pipeline_name, context)


def _deadline_missed(pipeline_name: str, context: dict[str, Any]) -> None:
    run, deadline = context["dag_run"], _time(context["deadline"]["deadline_time"])
    dag_id, run_id = run["dag_id"], run["dag_run_id"]
    state = RuntimeTaskInstance.get_dagrun_state(dag_id, run_id)
    # Runs by hand and backfills of past dates have no deadline to keep, and of a failed run there is a mail already.
    if run["run_type"] != "scheduled" or state == "failed":
        log.info("The deadline of %s is no news: it is %s, and %s", run_id, run["run_type"], state)
        return
    states = _task_states(dag_id, run_id)
    done = sum(task_state in ("success", "skipped") for task_state in states.values())
    sentences = [f"The run {run_id} was not done at {deadline:%H:%M} UTC on {deadline:%Y-%m-%d}."]
    if state == "success":
        sentences.append("It has succeeded since.")
    else:
        sentences.append(f"{done} of its {len(states)} tasks are done. Dashboards show old tables beside new ones.")
    if current := sorted(task for task, task_state in states.items() if task_state in ("running", "up_for_retry")):
        sentences.append(f"At work: {', '.join(_what(task) for task in current[:FAILURES])}.")
    failed = _failed(states)
    waiting, remark = _waiting(get_pipeline(pipeline_name))
    send(
        Alert(
            f"{dag_id} has missed its deadline, {deadline:%H:%M} UTC",
            AMBER,
            sentences + remark,
            failures=[_failure(dag_id, run_id, task, until=0) for task in failed[:FAILURES]],
            waiting=waiting,
            links=_links(dag_id, run_id),
        ).mail()
    )


def _task_states(dag_id: str, run_id: str) -> dict[str, str]:
    """The states of a run's tasks, by task id; none when Airflow cannot say: the mail goes all the same."""
    try:
        states: dict[str, dict[str, str]] = RuntimeTaskInstance.get_task_states(dag_id, run_ids=[run_id])
    except Exception as error:
        log.error("Airflow does not say what its tasks did in %s: %s", run_id, error)
        return {}
    return {task: state or "not started" for task, state in states.get(run_id, {}).items()}


def _failed(states: Mapping[str, str]) -> list[str]:
    """The tasks that have failed, mapped ones last: a run goes on without what they should have prepared."""
    failed = (task for task, state in states.items() if state == "failed")
    return sorted(failed, key=lambda task: (_instance(task)[1] is not None, *_instance(task)))


def _instance(name: str) -> tuple[str, int | None]:
    """The id of a task, and the number of its instance if it is mapped."""
    mapped = MAPPED.fullmatch(name)
    return (mapped[1], int(mapped[2])) if mapped else (name, None)


def _failure(dag_id: str, run_id: str, name: str, until: float) -> Failure:
    task_id, index = _instance(name)
    error = _kept_error(dag_id, run_id, task_id, index, until)
    url = f"{_run_url(dag_id, run_id)}/tasks/{quote(task_id)}" + ("" if index is None else f"/mapped/{index}")
    return Failure(_what(name), error or "It ended without saying why; it may have been killed.", url)


def _kept_error(dag_id: str, run_id: str, task_id: str, index: int | None, until: float) -> str | None:
    """What `keep_error` has left, waited for until a time: Airflow knows that a task has failed before it calls
    that, so the mail of the run may be faster."""
    key: dict[str, Any] = {"key": ERROR, "dag_id": dag_id, "task_id": task_id, "run_id": run_id, "map_index": index}
    try:
        while not (error := XCom.get_one(**key)):
            if time.monotonic() > until:
                return None
            time.sleep(0.5)
    except Exception as why:
        log.error("Airflow does not say why %s failed in %s: %s", task_id, run_id, why)
        return None
    return str(error)


def _what(name: str) -> str:
    """A task in words; those of dbt are named `dbt.models.<...>.<model>.run` or `.test`."""
    if name == PRODUCER:
        return "dbt"
    task_id, index = _instance(name)
    if index is not None:
        return f"{task_id} [{index}]"
    *_, model, step = ("", *task_id.split("."))
    return f"{STEPS[step]} {model}" if step in STEPS else task_id


def _waiting(pipeline: Pipeline) -> tuple[list[str], list[str]]:
    """The loads that wait to be processed; and a sentence instead, when the warehouse cannot be asked."""
    warehouse = Warehouse.from_env()
    try:
        if not warehouse.exists():
            return [], []
        with warehouse.connect(read_only=True, wait=WAREHOUSE_SECONDS, within=WAREHOUSE_SECONDS) as connection:
            new = [load for load in pipeline.ledger.loads(connection) if load.is_new]
    except WarehouseBusyError:
        return [], ["Which loads wait is not known: the warehouse is in use."]
    except Exception as error:
        return [], [f"Which loads wait is not known: {redact(str(error))}"]
    more = [f"... and {len(new) - LOADS} more"] if len(new) > LOADS else []
    return [f"{load.load_id}, arrived {load.arrived_at:%Y-%m-%d %H:%M} UTC" for load in new[:LOADS]] + more, []


def _links(dag_id: str, run_id: str) -> list[tuple[str, str]]:
    links = [("The run in Airflow", _run_url(dag_id, run_id)), ("What the DAG does", f"{_base_url()}/dags/{dag_id}")]
    if manual := os.environ.get("MANUAL_URL"):
        links.append(("The manual", manual))
    return links


def _run_url(dag_id: str, run_id: str) -> str:
    return f"{_base_url()}/dags/{dag_id}/runs/{quote(run_id)}"


def _base_url() -> str:
    return str(conf.get("api", "base_url", fallback="http://localhost:8080")).rstrip("/")


def _failed_before(dag_id: str) -> str:
    """The Airflow variable that remembers the last failed run until a run succeeds."""
    return f"parley_failed_run_of_{dag_id}"


def _first_lines(error: str) -> str:
    lines = [line.rstrip() for line in error.strip().removeprefix(COSMOS_SAYS).splitlines()]
    short = "\n".join(lines[:ERROR_LINES])[:ERROR_CHARACTERS]
    return str(redact(short))


def _time(value: str | datetime) -> datetime:
    return value if isinstance(value, datetime) else datetime.fromisoformat(value)
