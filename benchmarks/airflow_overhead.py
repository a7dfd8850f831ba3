"""What Airflow adds to dbt: the chat models and their tests on the same data, in five ways.

    python benchmarks/airflow_overhead.py [--repeats 5] [--stock-repeats 3] [--local-repeats 1] [--events 3600000]

    dbt      `dbt build`, a process of its own
    shipped  the DAG as shipped, in an Airflow with the shipped airflow.cfg, from its trigger to its end
    floor    the same graph of tasks that do nothing, without Cosmos, in the same Airflow
    watcher  the DAG with Cosmos' watcher mode as it comes, in an Airflow that is configured as it comes
    local    the DAG with Cosmos' local mode, one dbt for each task, in that Airflow too

By turns, on copies of one DuckDB file. All happens in a copy of the project, in .parley/bench_airflow, which is thrown
away by the next run. Nothing that it starts is left when it ends, also on Ctrl-C.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from airflow_report import Result, Run, report
from processes import cpu_seconds, memory_mb, metered, none_left, own_cpu_seconds

HERE = Path(__file__).resolve().parent
PROJECT = HERE.parent
WORK = PROJECT / ".parley" / "bench_airflow"
COPY = WORK / "project"
# What a shell has set for another Airflow or warehouse is not for this one.
FOREIGN = ("AIRFLOW", "ALERT", "DBT", "DEPLOY_", "DLT", "PARLEY", "PG_", "SCHEMA_SUFFIX", "SMTP", "TASK_", "WAREHOUSE")

# Of airflow.cfg, what says where things are; all else is what Parley has tuned, and a stock Airflow goes without it.
PLACES = {
    "core": ("dags_folder", "plugins_folder", "executor", "load_examples", "simple_auth_manager_users",
             "simple_auth_manager_passwords_file"),
    "database": ("sql_alchemy_conn",),
    "logging": ("base_log_folder",),
    "usage_data_collection": ("enabled",),
    "cosmos": ("enable_telemetry", "cache_dir", "enable_hierarchical_naming_for_group_nodes_by_folder"),
}  # fmt: skip
IDLE_SECONDS = 60
# After a start, Airflow reads DAG files and looks after what it has found.
SETTLE_SECONDS = 20
BOTS = (1, 5, 20)
PARSES = 3
PARSE_SECONDS = 120
RUN_SECONDS = 1800
FLOOR = "floor"


def main() -> None:
    arguments = parse_arguments()
    if os.environ.get("PARLEY_ROOT") != str(COPY):
        _again_in_a_copy()
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


def _again_in_a_copy() -> None:
    """Start this script anew with a copy of the project as Parley's root: both are read once, when it is imported."""
    shutil.rmtree(WORK, ignore_errors=True)
    COPY.mkdir(parents=True)
    for name in ("airflow.cfg", "dags", "dbt", "plugins", "sample_data"):
        if (PROJECT / name).is_dir():
            ignored = shutil.ignore_patterns("target", "logs", "__pycache__")
            shutil.copytree(PROJECT / name, COPY / name, ignore=ignored)
        else:
            shutil.copy(PROJECT / name, COPY / name)
    own = {
        "PARLEY_ROOT": str(COPY),
        "PYTHONPATH": str(COPY / "plugins"),
        "WAREHOUSE_PATH": str(WORK / "run.duckdb"),
        # Only what is triggered here runs.
        "AIRFLOW__SCHEDULER__USE_JOB_SCHEDULE": "False",
    }
    kept = {name: value for name, value in os.environ.items() if not name.startswith(FOREIGN)}
    kept.pop("PYTHONDONTWRITEBYTECODE", None)
    os.execve(sys.executable, [sys.executable, __file__, *sys.argv[1:]], {**kept, **own})


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
    with _airflow(floor=True) as airflow:
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
        if not arguments.runs_only:
            _parse(airflow, result)
    if arguments.stock_repeats or arguments.local_repeats:
        with _airflow(stock=True) as airflow:
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
    return result


def run_dbt() -> Run:
    """One `dbt build` of what the DAG builds, as a process of its own."""
    from parley import settings
    from parley.dag import NOT_BUILT, models_of
    from parley.dbt import dbt_env

    bot = _bot()
    _fresh_warehouse()
    command = [str(Path(sys.executable).parent / "dbt"), "--quiet", "build", "--indirect-selection", "buildable"]
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


def _parse(airflow: Any, result: Result) -> None:
    """How long the dag-processor takes for the file of the bots' DAGs, by its own account."""
    from parley import settings

    _say(f"Reading dags/chat.py with {', '.join(map(str, BOTS))} bots ...")
    first = settings.BOTS / f"{_bot().name}.yml"
    for bots in BOTS:
        for number in range(2, bots + 1):
            name = f"{_bot().name}_{number}"
            shutil.copy(first, settings.BOTS / f"{name}.yml")
            # Another bot's manifest differs in names of schemas alone.
            shutil.copytree(settings.MANIFESTS / _bot().name, settings.MANIFESTS / name, dirs_exist_ok=True)
        result.parse_seconds[bots] = sorted(airflow.parse_seconds(_bot().dag_id) for _ in range(PARSES))[PARSES // 2]


@contextmanager
def _airflow(*, floor: bool = False, stock: bool = False) -> Iterator[Any]:
    """A running Airflow with the shipped DAGs and the floor, or with the stock DAGs and configuration."""
    from parley import services
    from parley.airflow_client import Airflow

    _say(f"Starting {'a stock Airflow' if stock else 'Airflow as shipped'} ...")
    port = int(os.environ["AIRFLOW__API__PORT"])
    if floor:
        _add_floor()
    if stock:
        _make_stock()
    services.prepare(port)
    started: dict[str, Any] = {}

    class Metered(Airflow):
        def processes(self) -> dict[str, int]:
            return {name: process.pid for name, process in started.items()}

        def pids(self) -> list[int]:
            return list(self.processes().values())

        def cpu_by_process(self) -> dict[str, float]:
            """CPU seconds so far; the tasks are children of the scheduler's."""
            seconds = {name: cpu_seconds([pid]) for name, pid in self.processes().items()}
            own = own_cpu_seconds(self.processes()["scheduler"])
            return {**seconds, "scheduler": own, "tasks": seconds["scheduler"] - own}

        def parse_seconds(self, dag_id: str) -> float:
            """Have the file of a DAG read once more; returns how long that took."""
            before = self.request("GET", f"/dags/{dag_id}/details")
            self.request("PUT", f"/parseDagFile/{before['file_token']}")
            deadline = time.monotonic() + PARSE_SECONDS
            while time.monotonic() < deadline:
                now = self.request("GET", f"/dags/{dag_id}/details")
                if now["last_parsed_time"] != before["last_parsed_time"]:
                    return float(now["last_parse_duration"])
                time.sleep(0.5)
            raise SystemExit(f"The file of {dag_id} was not read again within {PARSE_SECONDS} s.")

    with services.running(port, started) as running:
        running.__class__ = Metered
        yield running


def _warm_up(airflow: Any, *dag_ids: str) -> None:
    """Switch DAGs on and run each once: what Airflow does once, after its start, is not counted."""
    for dag_id in dag_ids:
        airflow.wait_for_dag(dag_id)
        airflow.unpause(dag_id)
        run_dag(airflow, dag_id)


def _add_floor() -> None:
    """The DAG floor beside the shipped ones."""
    from airflow.providers.standard.operators.empty import EmptyOperator

    from parley.dag import domain_dag

    graph = {
        task.task_id: {"upstream": sorted(task.upstream_task_ids), "without_process": isinstance(task, EmptyOperator)}
        for task in domain_dag(_bot()).tasks
    }
    shutil.copy(HERE / "airflow_dags" / "floor.py", COPY / "dags")
    (COPY / "dags" / "floor.json").write_text(json.dumps(graph))


def _make_stock() -> None:
    """The stock DAGs alone, a configuration that only says where things are, and a new database."""
    from configparser import RawConfigParser

    shipped = RawConfigParser()
    shipped.read(PROJECT / "airflow.cfg")
    stock = RawConfigParser()
    stock.read_dict(
        {section: {name: shipped[section][name] for name in names} for section, names in PLACES.items()},
    )
    with (COPY / "airflow.cfg").open("w") as file:
        stock.write(file)
    for path in (COPY / "dags").glob("*.py"):
        path.unlink()
    shutil.copy(HERE / "airflow_dags" / "stock.py", COPY / "dags")
    for path in (COPY / ".parley" / "airflow").glob("airflow.db*"):
        path.unlink()


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
