"""What Airflow adds to dbt: the chat models and their tests on the same data, in five ways.

    python benchmarks/airflow_overhead.py [--repeats 5] [--stock-repeats 3] [--local-repeats 1] [--events 3600000]

    dbt      `dbt build`, a process of its own
    shipped  the DAG as shipped, in an Airflow with the shipped airflow.cfg, from its trigger to its end
    floor    the same graph of tasks that do nothing, without Cosmos, in the same Airflow
    watcher  the DAG with Cosmos' watcher mode as it comes, in an Airflow that is configured as it comes
    local    the DAG with Cosmos' local mode, one dbt for each task, in that Airflow too

By turns, on copies of one DuckDB file, in a copy of the project (airflow_in_copy.py). Nothing that it starts is left
when it ends, also on Ctrl-C.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import statistics
import subprocess
import sys
import time
from datetime import datetime
from pathlib import Path
from typing import Any

from airflow_in_copy import COPY, HERE, WORK, add_bots, add_floor, go_into_copy, make_stock, running_airflow
from airflow_report import Result, Run, report
from processes import cpu_seconds, memory_mb, metered, none_left

IDLE_SECONDS = 60
# After a start, Airflow reads DAG files and looks after what it has found.
SETTLE_SECONDS = 20
MORE_BOTS = 19
PARSES = 3
RUN_SECONDS = 1800
FLOOR = "floor"


def main() -> None:
    arguments = parse_arguments()
    go_into_copy()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with none_left():
            report(measure(arguments), arguments.results)
    except KeyboardInterrupt:
        sys.exit("Stopped; nothing is written.")


def parse_arguments(arguments: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--repeats", type=int, default=5, help="runs of dbt, shipped and floor: the median counts")
    parser.add_argument("--stock-repeats", type=int, default=3, help="runs of Cosmos' watcher mode as it comes")
    parser.add_argument("--local-repeats", type=int, default=1, help="runs of Cosmos' local mode, which take minutes")
    parser.add_argument("--events", type=int, default=0, help="size of the history; else the sample conversations")
    parser.add_argument("--runs-only", action="store_true", help="no parse times, no idle Airflow")
    parser.add_argument(
        "--results", type=Path, default=HERE / "results" / "airflow.json", help="where the results are written"
    )
    parsed = parser.parse_args(arguments)
    if parsed.repeats < 1:
        parser.error("--repeats has to be 1 or more: everything is compared with dbt")
    return parsed


def measure(arguments: argparse.Namespace) -> Result:
    """All that there is to measure, in the order in which it is cheapest."""
    from parley import services
    from parley.dbt import write_manifest
    from parley.pipelines import load_pipelines

    # Before Airflow is imported, which reads it once.
    os.environ.update(services.airflow_env(services.free_port()))
    _say("Landing the data ...")
    events = _land(arguments.events)
    for pipeline in load_pipelines():
        write_manifest(pipeline)
    # dbt reads the project once, and from then on its own notes on it.
    run_dbt()
    result = Result(events)
    _measure_shipped(arguments, result)
    if not arguments.runs_only:
        _measure_parsing(result)
    if arguments.stock_repeats or arguments.local_repeats:
        _measure_stock(arguments, result)
    return result


def _measure_shipped(arguments: argparse.Namespace, result: Result) -> None:
    """The DAG as shipped, its floor, and an Airflow that does nothing."""
    from parley.dag import domain_dag

    add_floor(FLOOR, domain_dag(_bot()))
    _say("Starting Airflow as shipped ...")
    with running_airflow() as airflow:
        airflow.wait_for_dag(_bot().dag_id)
        result.tasks = len(airflow.request("GET", f"/dags/{_bot().dag_id}/tasks")["tasks"])
        if not arguments.runs_only:
            _idle(airflow, result)
        _warm_up(airflow, _bot().dag_id, FLOOR)
        for _ in range(arguments.repeats):
            result.beside_shipped.append(run_dbt())
            result.shipped.append(run_dag(airflow, _bot().dag_id))
            result.floor.append(run_dag(airflow, FLOOR))
        result.without_loads = run_without_loads(airflow)


def _measure_parsing(result: Result) -> None:
    """How long the dag-processor takes for the file of the bots' DAGs, by its own account.

    What was there when it started it has drawn ahead; what came since, it draws each time that it reads the file.
    """

    def read() -> float:
        return statistics.median(airflow.parse_seconds(_bot().dag_id) for _ in range(PARSES))

    _say(f"Reading dags/chat.py with 1 bot, with {MORE_BOTS} more, and after another start ...")
    with running_airflow() as airflow:
        airflow.wait_for_dag(_bot().dag_id)
        result.parse_seconds[1] = read()
        add_bots(_bot().name, MORE_BOTS)
        result.parse_seconds_before_restart[1 + MORE_BOTS] = read()
    with running_airflow() as airflow:
        airflow.wait_for_dag(_bot().dag_id)
        result.parse_seconds[1 + MORE_BOTS] = read()


def _measure_stock(arguments: argparse.Namespace, result: Result) -> None:
    """Cosmos as it comes, in an Airflow as it comes."""
    make_stock()
    _say("Starting a stock Airflow ...")
    with running_airflow() as airflow:
        _warm_up(airflow, "stock_watcher")
        # A run of it takes minutes: there is none to warm up.
        airflow.wait_for_dag("stock_local")
        airflow.unpause("stock_local")
        for _ in range(arguments.stock_repeats):
            result.beside_stock.append(run_dbt())
            result.watcher.append(run_dag(airflow, "stock_watcher"))
        for _ in range(arguments.local_repeats):
            result.beside_stock.append(run_dbt())
            result.local.append(run_dag(airflow, "stock_local"))


def run_dbt() -> Run:
    """One `dbt build` of what the DAG builds, as a process of its own."""
    from parley import settings
    from parley.dag import NOT_BUILT, models_of
    from parley.dbt import dbt_env

    bot = _bot()
    _fresh_warehouse()
    command = [str(settings.BIN / "dbt"), "--quiet", "build", "--indirect-selection", "buildable"]
    command += ["--select", *models_of(bot), "--exclude", *NOT_BUILT, "--vars", json.dumps(bot.dbt_vars)]
    command += ["--target-path", str(WORK / "target"), "--log-path", str(WORK / "target")]
    environment = {**os.environ, **dbt_env(), "PARLEY_RUN_ID": "dbt by itself"}
    started = time.time()
    process = subprocess.Popen(command, cwd=settings.DBT_PROJECT, env=environment)
    with metered(lambda: [process.pid]) as cost:
        _, status, usage = os.wait4(process.pid, 0)
    seconds = time.time() - started
    if status:
        raise SystemExit(f"dbt failed; its log is {WORK / 'target' / 'dbt.log'}.")
    return _done("dbt", seconds, usage.ru_utime + usage.ru_stime, cost.peak_mb)


def run_dag(airflow: Any, dag_id: str, *, new_loads: bool = True) -> Run:
    """One run of a DAG that is switched on, from its trigger to its end by Airflow's clock."""
    if new_loads and dag_id != FLOOR:
        _fresh_warehouse()
    before = airflow.cpu_by_process()
    with metered(airflow.pids) as cost:
        started = time.time()
        run_id = airflow.trigger(dag_id)
        state = airflow.wait_for_run(dag_id, run_id, RUN_SECONDS, look_seconds=2)
    if state != "success":
        states = airflow.task_states(dag_id, run_id)
        failed = ", ".join(sorted(task for task, state in states.items() if state == "failed"))
        raise SystemExit(f"{run_id} of {dag_id} has failed in {failed}. The logs are in {COPY}/.parley/airflow/logs.")
    run = airflow.request("GET", f"/dags/{dag_id}/dagRuns/{run_id}")
    of_each = {name: round(seconds - before[name], 2) for name, seconds in airflow.cpu_by_process().items()}
    return _done(dag_id, _epoch(run["end_date"]) - started, cost.cpu_seconds, cost.peak_mb, of_each)


def run_without_loads(airflow: Any) -> Run:
    """A run of the shipped DAG when all loads are done; ends the benchmark when it has started dbt."""
    run = run_dag(airflow, _bot().dag_id, new_loads=False)
    last = airflow.request("GET", f"/dags/{_bot().dag_id}/dagRuns?order_by=-run_after&limit=1")["dag_runs"][0]
    producer = airflow.task_states(_bot().dag_id, last["dag_run_id"])["dbt.dbt_producer_watcher"]
    if producer != "skipped":
        raise SystemExit(f"A run without new loads has started dbt: its task is {producer}.")
    return run


def _idle(airflow: Any, result: Result) -> None:
    """CPU and memory of each of Airflow's processes while nothing runs."""
    time.sleep(SETTLE_SECONDS)
    _say(f"Looking at the idle Airflow for {IDLE_SECONDS} s ...")
    before = {name: cpu_seconds([pid]) for name, pid in airflow.processes().items()}
    time.sleep(IDLE_SECONDS)
    for name, pid in airflow.processes().items():
        result.idle_cpu[name] = round((cpu_seconds([pid]) - before[name]) / IDLE_SECONDS * 100, 1)
        result.idle_mb[name] = memory_mb([pid])


def _warm_up(airflow: Any, *dag_ids: str) -> None:
    """Switch DAGs on and run each once: what Airflow does once, after its start, is not counted."""
    for dag_id in dag_ids:
        airflow.wait_for_dag(dag_id)
        airflow.unpause(dag_id)
        run_dag(airflow, dag_id)


def _land(size: int) -> int:
    """Make the file that every run gets a copy of: raw tables only, all loads new; returns how many events."""
    from chat_history import BOT, RAW, land_history

    from parley import settings
    from parley.unpack.domains import unpack_new
    from parley.warehouse import Warehouse

    path = WORK / "data.duckdb"
    if size:
        return land_history(path, size)
    warehouse = Warehouse("duckdb", path=path)
    unpack_new(BOT, warehouse, str(settings.SAMPLE_CHAT))
    with warehouse.connect(read_only=True) as connection:
        [[events]] = connection.query(f"select count(*) from {RAW}.event")
    return int(events)


def _fresh_warehouse() -> None:
    run = WORK / "run.duckdb"
    run.with_name("run.duckdb.wal").unlink(missing_ok=True)
    shutil.copy(WORK / "data.duckdb", run)


def _bot() -> Any:
    from parley.pipelines import get_pipeline

    return get_pipeline("demo_bot")


def _epoch(time_of_airflow: str) -> float:
    return datetime.fromisoformat(time_of_airflow).timestamp()


def _done(name: str, seconds: float, cpu: float, peak_mb: int, cpu_by_process: dict[str, float] | None = None) -> Run:
    by_process = ", ".join(f"{process} {seconds}" for process, seconds in (cpu_by_process or {}).items())
    _say(f"  {name:<15} {seconds:7.1f} s {cpu:7.1f} CPU s {peak_mb:6,} MB  {by_process}")
    return Run(round(seconds, 2), round(cpu, 2), peak_mb, cpu_by_process or {})


def _say(line: str) -> None:
    print(line, flush=True)


if __name__ == "__main__":
    main()
