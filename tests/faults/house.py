"""A deployment to disturb: Airflow, the real project, and a warehouse that can be put back to where it was."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import psutil

from parley import services, settings
from parley.airflow_client import Airflow
from parley.pipelines import get_pipeline
from parley.warehouse import POOL, Warehouse
from tests.dbt.chat_project import Chat
from tests.mail_server import Mailbox

BOT = get_pipeline("demo_bot")
DAG_ID = BOT.dag_id
DBT = "dbt.dbt_producer_watcher"
# Other tests may run beside these.
PATIENCE_SECONDS = 600
# Tables of what runs work on, by run.
OF_RUNS = {"chat_load_ids", "int_chat__touched_users", "int_chat__touched_spans"}

Tables = dict[str, list[tuple[Any, ...]]]
T = TypeVar("T")


@dataclass
class House:
    """What the scenarios share.

    Attributes:
        processes: Airflow's, by name.
        snapshot: a warehouse with one load that is done and one that is new.
        undisturbed: the tables that a run makes of the snapshot.
        late: a load's input that has not landed in the snapshot.
    """

    airflow: Airflow
    port: int
    processes: dict[str, subprocess.Popen[bytes]]
    mailbox: Mailbox
    snapshot: Path
    undisturbed: Tables
    late: Path

    def put_back(self) -> None:
        """Put the warehouse back to the snapshot, once nobody works on it any more."""
        path = Warehouse.from_env().path
        assert path is not None
        with Warehouse.from_env().connect():
            pass
        path.with_name(f"{path.name}.wal").unlink(missing_ok=True)
        shutil.copy(self.snapshot, path)

    def end_runs(self) -> None:
        """End what runs, and wait for its processes: Airflow gives them some seconds to end by themselves."""
        path = f"/dags/{DAG_ID}/dagRuns/~/taskInstances"
        running = self.airflow.request("GET", path, params={"state": "running"})["task_instances"]
        self.airflow.end_unfinished_runs(DAG_ID)
        wait_until(lambda: not any(psutil.pid_exists(task["pid"]) for task in running if task["pid"]), "tasks end")

    def trigger(self, **form: Any) -> str:
        return self.airflow.trigger(DAG_ID, **form)

    def end_of(self, run_id: str) -> str:
        return self.airflow.wait_for_run(DAG_ID, run_id, PATIENCE_SECONDS)

    def states(self, run_id: str) -> dict[str, str]:
        return self.airflow.task_states(DAG_ID, run_id)

    def assert_comes_right(self, run_id: str) -> None:
        """The run succeeds, its tables are those of an undisturbed run, and each load is done once."""
        assert self.end_of(run_id) == "success", self.states(run_id)
        assert tables(Warehouse.from_env()) == self.undisturbed
        assert statuses() == [(0, 1), (0, 1)]

    def pid_of(self, run_id: str, task_id: str) -> int:
        """The process that works on a task, once it runs."""
        path = f"/dags/{DAG_ID}/dagRuns/{run_id}/taskInstances/{task_id}"

        def pid() -> int | None:
            task = self.airflow.request("GET", path)
            return task["pid"] if task["state"] == "running" else None

        return wait_until(pid, f"{task_id} runs")

    def wait_until_only(self, run_id: str, task_id: str) -> None:
        """Wait until a task is all that is left of a run, and would start if it were let."""

        def is_next() -> bool:
            states = self.states(run_id)
            failed = [task for task, state in states.items() if state in ("failed", "upstream_failed")]
            assert not failed, states
            return states[task_id] == "scheduled"

        wait_until(is_next, f"only {task_id} is left")

    def try_number(self, run_id: str, task_id: str) -> int:
        path = f"/dags/{DAG_ID}/dagRuns/{run_id}/taskInstances/{task_id}"
        return int(self.airflow.request("GET", path)["try_number"])

    @contextmanager
    def no_slot_for_writers(self) -> Iterator[None]:
        """For a while, no task that writes to the warehouse starts."""

        def set_slots(slots: int) -> None:
            content = {"pool": POOL, "slots": slots, "include_deferred": False}
            self.airflow.request("PATCH", f"/pools/{POOL}", json=content)

        set_slots(0)
        try:
            yield
        finally:
            set_slots(1)

    def kill(self, run_id: str, task_id: str) -> None:
        """kill -9 of the process that works on a task."""
        os.kill(self.pid_of(run_id, task_id), signal.SIGKILL)

    def kill_some_watcher(self, run_id: str, of: str) -> None:
        """kill -9 of the process of the first task that runs among those of the models or of the tests."""

        def killed() -> bool:
            tasks = self.airflow.request("GET", f"/dags/{DAG_ID}/dagRuns/{run_id}/taskInstances?limit=1000")
            for task in tasks["task_instances"]:
                if task["task_id"].endswith(of) and task["state"] == "running" and task["pid"]:
                    with suppress(ProcessLookupError):
                        os.kill(task["pid"], signal.SIGKILL)
                        return True
            return False

        wait_until(killed, f"a task *{of} runs")

    def exchange(self, name: str) -> None:
        """kill -9 of a process of Airflow with all that it has started, and a new one in its place."""
        os.killpg(self.processes[name].pid, signal.SIGKILL)
        self.processes[name].wait()
        self.processes[name] = services.start(name, self.port)


def copy(warehouse: Path, to: Path) -> Path:
    """A copy of a warehouse, with what this process has not yet written to the file itself."""
    with Warehouse("duckdb", path=warehouse).connect() as connection:
        connection.query("checkpoint")
    to.parent.mkdir(exist_ok=True)
    shutil.copy(warehouse, to)
    return to


def build(chat: Chat, run_id: str, *arguments: str) -> None:
    """What a run does, without Airflow and undisturbed."""
    chat.dbt("build", "--exclude", "resource_type:unit_test", "source:*", *arguments, run_id=run_id)
    chat.mark(run_id)


def tables(warehouse: Warehouse) -> Tables:
    """The rows of every table that is built, but for those that name the runs."""
    schemas = (BOT.built_schema("staging"), BOT.marts_schema)
    with warehouse.connect() as connection:
        return {
            f"{schema}.{table}": sorted(connection.query(f'select * from {schema}."{table}"'), key=repr)
            for schema in schemas
            for table in sorted(connection.tables(schema) - OF_RUNS)
        }


def statuses() -> list[tuple[int, ...]]:
    """The statuses in the ledger, load by load."""
    with Warehouse.from_env().connect() as connection:
        rows = connection.query(
            f"select list(status order by status) from {BOT.raw_schema}._loads group by load_id order by load_id"
        )
    return [tuple(row[0]) for row in rows]


@contextmanager
def held_as_soon_as_free() -> Iterator[None]:
    """Another process takes hold of the warehouse, when it can, until the end."""
    code = (
        "import time, duckdb\n"
        "while True:\n"
        "    try:\n"
        f"        connection = duckdb.connect({str(Warehouse.from_env().path)!r})\n"
        "        break\n"
        "    except duckdb.IOException:\n"
        "        time.sleep(0.02)\n"
        "print('held', flush=True)\n"
        "time.sleep(3600)\n"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        try:
            assert process.stdout.readline() == "held\n"
            yield
        finally:
            process.kill()


def wait_until(look: Callable[[], T | None], what: str, seconds: float = PATIENCE_SECONDS) -> T:
    """Look ten times a second until there is something."""
    deadline = time.monotonic() + seconds
    while not (found := look()):
        assert time.monotonic() < deadline, f"In {seconds:.0f} s it did not come to this: {what}"
        time.sleep(0.1)
    return found


def logs(part: str) -> str:
    """All that a part of Airflow has logged, `dag_processor` for example."""
    return "".join(path.read_text(errors="replace") for path in (services.LOGS / part).rglob("*.log"))


def batches(folder: Path) -> list[Path]:
    """The sample in three loads, in folders of their own."""
    days = sorted(settings.SAMPLE_CHAT.glob("batch_*/*.ndjson"))
    parts = [days[:10], days[10:17], days[17:]]
    for number, part in enumerate(parts, start=1):
        (folder / f"load_{number}").mkdir(parents=True)
        for day in part:
            shutil.copy(day, folder / f"load_{number}")
    return [folder / f"load_{number}" for number in (1, 2, 3)]
