"""`make demo`: the samples of the three domains through Airflow, the conversations in two loads."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from parley import services, settings
from parley.airflow_client import Airflow
from parley.dbt import write_manifests
from parley.errors import ConfigurationError, ParleyError
from parley.pipelines import Pipeline, get_pipeline
from parley.publish import extracts
from parley.results import outcome
from parley.unpack.domains import unpack_new
from parley.warehouse import Connection, Warehouse

# The day after the sample's last: the shop's features are as of then.
END_DATE = "2024-03-01"


@dataclass(frozen=True)
class Chapter:
    """A part of the demo: a pipeline, the inputs that it gets one after the other, and fields of the trigger form."""

    pipeline: Pipeline
    inputs: list[Path]
    form: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Step:
    """One run of the demo: the loads it made done, and how long it took in seconds."""

    pipeline: Pipeline
    run_id: str
    load_ids: list[str]
    seconds: float


def chapters() -> list[Chapter]:
    """The conversations come in two loads, to show that the second run works on what is new alone."""
    samples = settings.ROOT / "sample_data"
    return [
        Chapter(get_pipeline("demo_bot"), sorted(settings.SAMPLE_CHAT.glob("batch_*"))),
        Chapter(get_pipeline("ecommerce"), [samples / "ecommerce"], {"end_date": END_DATE}),
        Chapter(get_pipeline("support"), [settings.SAMPLE_SUPPORT]),
    ]


def run(console: Console) -> None:
    """Unpack the samples and run the DAG of each domain on them; when all is done already, say so.

    Raises:
        ConfigurationError: there is something of one's own that the samples would be mixed with.
        ParleyError: Airflow did not start, or a run failed.
    """
    started = time.monotonic()
    _check_that_nothing_is_mixed()
    warehouse = Warehouse.from_env()
    steps: list[Step] = []
    with ExitStack() as stack:
        airflow: Airflow | None = None
        for chapter, load_ids in _new_loads(console, warehouse):
            airflow = airflow or _start(stack, console)
            steps.append(_process(airflow, console, chapter, load_ids))
    # What it has published is for the log of its DAG.
    logging.getLogger("parley.publish").setLevel(logging.WARNING)
    extracts()
    with warehouse.connect(read_only=True) as connection:
        if steps:
            for chapter in chapters():
                console.print(_summary(chapter.pipeline, steps, connection))
            console.print(f"Wall time {time.monotonic() - started:.0f} s, of which {_by_run(steps)}")
        else:
            console.print(f"There is nothing new to process: {_done(connection)} loads are done.")
    console.print("Next:  make up                   Airflow's UI, with these runs and their dashboard in it")
    console.print("       .venv/bin/parley loads    the ledger: which loads are new, which are done")


def _check_that_nothing_is_mixed() -> None:
    own = [chapter.pipeline.name for chapter in chapters() if not chapter.pipeline.source.startswith("sample_data/")]
    if own:
        raise ConfigurationError(
            f"{' and '.join(own)} has a source of its own, and the demo would put its sample into the same tables. "
            "Run it in another clone, without this .env."
        )
    if settings.deploy_env() not in settings.SUFFIXED_ENVS:
        raise ConfigurationError(
            f"DEPLOY_ENV is {settings.deploy_env()}, and the demo's samples do not belong there. Set it to dev."
        )


def _new_loads(console: Console, warehouse: Warehouse) -> Iterator[tuple[Chapter, list[str]]]:
    """Unpack one input after the other; after each, the loads that are new."""
    for chapter in chapters():
        for source in chapter.inputs:
            result = unpack_new(chapter.pipeline, warehouse, str(source))
            if result.load_id:
                place = source.relative_to(settings.ROOT)
                console.print(f"Unpacked {place}: load {result.load_id}, {result.landed} records")
            with warehouse.connect() as connection:
                new = chapter.pipeline.ledger.new(connection)
            if new:
                yield chapter, new


def _start(stack: ExitStack, console: Console) -> Airflow:
    console.print("Starting Airflow (half a minute) ...")
    # Only what the demo triggers runs: no scheduled run gets in between.
    os.environ["AIRFLOW__SCHEDULER__USE_JOB_SCHEDULE"] = "False"
    pipelines = [chapter.pipeline for chapter in chapters()]
    write_manifests(pipelines)
    port = services.free_port()
    services.prepare(port)
    airflow = stack.enter_context(services.running(port))
    for pipeline in pipelines:
        airflow.wait_for_dag(pipeline.dag_id)
        # A demo that was interrupted has left one.
        airflow.end_unfinished_runs(pipeline.dag_id)
        airflow.unpause(pipeline.dag_id)
    return airflow


def _process(airflow: Airflow, console: Console, chapter: Chapter, load_ids: list[str]) -> Step:
    """Run the DAG once on the new loads."""
    dag_id = chapter.pipeline.dag_id
    started = time.monotonic()
    run_id = airflow.trigger(dag_id, **chapter.form)
    console.print(f"Running {dag_id} on {', '.join(load_ids)} ...")
    state = airflow.wait_for_run(dag_id, run_id)
    if state != "success":
        states = airflow.task_states(dag_id, run_id)
        failed = ", ".join(sorted(task for task, state in states.items() if state == "failed"))
        raise ParleyError(f"{run_id} of {dag_id} has failed in {failed}. The logs are in {services.LOGS}.")
    return Step(chapter.pipeline, run_id, load_ids, time.monotonic() - started)


def _summary(pipeline: Pipeline, steps: list[Step], connection: Connection) -> Table:
    table = Table(title=f"{pipeline.name}: from {pipeline.raw_schema} to {pipeline.marts_schema}", title_justify="left")
    table.add_column("", min_width=40)
    table.add_column("rows", justify="right", min_width=12)
    own = [step for step in steps if step.pipeline == pipeline]
    for step in own:
        table.add_row(f"load {', '.join(step.load_ids)}", "done")
    table.add_section()
    for mart in sorted(connection.tables(pipeline.marts_schema)):
        [[rows]] = connection.query(f"select count(*) from {pipeline.marts_schema}.{mart}")
        table.add_row(mart, f"{rows:,}")
    if own:
        table.add_section()
        last = outcome(connection, pipeline.name, own[-1].run_id)
        table.add_row("tests passed", f"{last.tests_passed} of {last.tests}")
    return table


def _by_run(steps: list[Step]) -> str:
    return ", ".join(f"{step.pipeline.dag_id}: {step.seconds:.0f} s" for step in steps)


def _done(connection: Connection) -> int:
    loads = [load for chapter in chapters() for load in chapter.pipeline.ledger.loads(connection)]
    return sum(not load.is_new for load in loads)
