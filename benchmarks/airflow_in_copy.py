"""Airflow in a copy of the project, as shipped or as it comes; what benchmarks add stays in the copy.

The copy is in .parley/bench_airflow and is thrown away by the next run.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import time
from collections.abc import Iterator
from configparser import RawConfigParser
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from own_copy import PROJECT, copy_project, own_environment
from processes import cpu_seconds, own_cpu_seconds

HERE = Path(__file__).resolve().parent
WORK = PROJECT / ".parley" / "bench_airflow"
COPY = WORK / "project"

# Of airflow.cfg, what says where things are; all else is what Parley has tuned, and a stock Airflow goes without it.
PLACES = {
    "core": ("dags_folder", "plugins_folder", "executor", "load_examples", "simple_auth_manager_users",
             "simple_auth_manager_passwords_file"),
    "database": ("sql_alchemy_conn",),
    "logging": ("base_log_folder",),
    "usage_data_collection": ("enabled",),
    "cosmos": ("enable_telemetry", "cache_dir", "enable_hierarchical_naming_for_group_nodes_by_folder"),
}  # fmt: skip
PARSE_SECONDS = 120


def go_into_copy() -> None:
    """Start the script anew with a copy of the project as Parley's root: both are read once, when it is imported.

    Does nothing in a script that was started so.
    """
    if os.environ.get("PARLEY_ROOT") == str(COPY):
        return
    shutil.rmtree(WORK, ignore_errors=True)
    COPY.mkdir(parents=True)
    copy_project(COPY)
    own = {
        "PARLEY_ROOT": str(COPY),
        "PYTHONPATH": str(COPY / "plugins"),
        "WAREHOUSE_PATH": str(WORK / "run.duckdb"),
        # Only what is triggered here runs.
        "AIRFLOW__SCHEDULER__USE_JOB_SCHEDULE": "False",
    }
    kept = own_environment()
    kept.pop("PYTHONDONTWRITEBYTECODE", None)
    os.execve(sys.executable, [sys.executable, *sys.argv], {**kept, **own})


@contextmanager
def running_airflow() -> Iterator[Any]:
    """A running Airflow with the configuration and the DAGs that the copy has."""
    from parley import services
    from parley.airflow_client import Airflow

    port = int(os.environ["AIRFLOW__API__PORT"])
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


def add_floor(dag_id: str, shipped: Any) -> None:
    """Add a DAG of the same graph as the shipped one, beside it.

    Args:
        dag_id: that of dags/floor.py.
        shipped: the DAG as drawn.
    """
    from airflow.providers.standard.operators.empty import EmptyOperator

    graph = {
        task.task_id: {"upstream": sorted(task.upstream_task_ids), "without_process": isinstance(task, EmptyOperator)}
        for task in shipped.tasks
    }
    shutil.copy(HERE / "airflow_dags" / f"{dag_id}.py", COPY / "dags")
    (COPY / "dags" / f"{dag_id}.json").write_text(json.dumps(graph))


def add_bots(like: str, how_many: int) -> None:
    """Add bots that have all of another but its name."""
    from parley import settings

    for number in range(2, how_many + 2):
        name = f"{like}_{number}"
        shutil.copy(settings.BOTS / f"{like}.yml", settings.BOTS / f"{name}.yml")
        # Another bot's manifest differs in names of schemas alone.
        shutil.copytree(settings.MANIFESTS / like, settings.MANIFESTS / name, dirs_exist_ok=True)


def make_stock() -> None:
    """From here on the copy has the stock DAGs alone, a configuration that says where things are, a new database."""
    shipped = RawConfigParser()
    shipped.read(PROJECT / "airflow.cfg")
    stock = RawConfigParser()
    stock.read_dict({section: {name: shipped[section][name] for name in names} for section, names in PLACES.items()})
    with (COPY / "airflow.cfg").open("w") as file:
        stock.write(file)
    for path in (COPY / "dags").glob("*.py"):
        path.unlink()
    shutil.copy(HERE / "airflow_dags" / "stock.py", COPY / "dags")
    for path in (COPY / ".parley" / "airflow").glob("airflow.db*"):
        path.unlink()
