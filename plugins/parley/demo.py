"""`make demo`: the sample conversations through Airflow, in two loads, and what came of them."""

from __future__ import annotations

import os
import time
from contextlib import ExitStack
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table

from parley import services, settings
from parley.airflow_client import Airflow
from parley.dbt import write_manifest
from parley.errors import ParleyError
from parley.pipelines import Pipeline, get_pipeline
from parley.publish import extracts
from parley.results import outcome
from parley.unpack.domains import unpack_new
from parley.warehouse import Connection, Warehouse

BOT = "demo_bot"


@dataclass(frozen=True)
class Step:
    """One run of the demo: the loads it made done, and how long it took in seconds."""

    run_id: str
    load_ids: list[str]
    seconds: float


def run(console: Console) -> None:
    """Unpack each batch of the sample and run the chat DAG on it; when all is done already, say so.

    Raises:
        ParleyError: Airflow did not start, or a run failed.
    """
    started = time.monotonic()
    bot, warehouse = get_pipeline(BOT), Warehouse.from_env()
    steps: list[Step] = []
    with ExitStack() as stack:
        airflow: Airflow | None = None
        for batch in sorted(settings.SAMPLE_CHAT.glob("batch_*")):
            result = unpack_new(bot, warehouse, str(batch))
            if result.load_id:
                console.print(f"Unpacked {batch.name}: load {result.load_id}, {result.landed} events")
            with warehouse.connect() as connection:
                new = bot.ledger.new(connection)
            if new:
                airflow = airflow or _start(stack, console, bot)
                steps.append(_process(airflow, console, bot, new))
    extracts()
    with warehouse.connect(read_only=True) as connection:
        if steps:
            console.print(f"{bot.name}: from {bot.raw_schema} to {bot.marts_schema}")
            console.print(_summary(bot, steps, connection))
            console.print(f"Wall time {time.monotonic() - started:.0f} s, of which {_by_run(steps)}")
        else:
            console.print(f"There is nothing new to process: {_done(bot, connection)} loads of {BOT} are done.")
    console.print("Next:  make up                   Airflow's UI, with these runs in it")
    console.print("       .venv/bin/parley loads    the ledger: which loads are new, which are done")


def _start(stack: ExitStack, console: Console, bot: Pipeline) -> Airflow:
    console.print("Starting Airflow (a few seconds) ...")
    # Only what the demo triggers runs: no scheduled run gets in between.
    os.environ["AIRFLOW__SCHEDULER__USE_JOB_SCHEDULE"] = "False"
    write_manifest(bot)
    port = services.free_port()
    services.prepare(port)
    airflow = stack.enter_context(services.running(port))
    airflow.wait_for_dag(bot.dag_id)
    # A demo that was interrupted has left one.
    airflow.end_unfinished_runs(bot.dag_id)
    airflow.unpause(bot.dag_id)
    return airflow


def _process(airflow: Airflow, console: Console, bot: Pipeline, load_ids: list[str]) -> Step:
    """Run the chat DAG once on the new loads."""
    dag_id = bot.dag_id
    started = time.monotonic()
    run_id = airflow.trigger(dag_id)
    console.print(f"Running {dag_id} on {', '.join(load_ids)} ...")
    state = airflow.wait_for_run(dag_id, run_id)
    if state != "success":
        states = airflow.task_states(dag_id, run_id)
        failed = ", ".join(sorted(task for task, state in states.items() if state == "failed"))
        raise ParleyError(f"{run_id} of {dag_id} has failed in {failed}. The logs are in {services.LOGS}.")
    return Step(run_id, load_ids, time.monotonic() - started)


def _summary(bot: Pipeline, steps: list[Step], connection: Connection) -> Table:
    table = Table()
    table.add_column("")
    table.add_column("rows", justify="right")
    for step in steps:
        table.add_row(f"load {', '.join(step.load_ids)}", "done")
    table.add_section()
    views = bot.marts_schema
    for mart in sorted(connection.tables(views)):
        [[rows]] = connection.query(f"select count(*) from {views}.{mart}")
        table.add_row(mart, f"{rows:,}")
    table.add_section()
    last = outcome(connection, bot.name, steps[-1].run_id)
    table.add_row("tests passed", f"{last.tests_passed} of {last.tests}")
    return table


def _by_run(steps: list[Step]) -> str:
    return ", ".join(f"run {number}: {step.seconds:.0f} s" for number, step in enumerate(steps, start=1))


def _done(bot: Pipeline, connection: Connection) -> int:
    return sum(not load.is_new for load in bot.ledger.loads(connection))
