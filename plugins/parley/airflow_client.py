"""A client of Airflow's public API: what the demo, `make up` and the tests ask of a running Airflow."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import httpx

from parley.errors import ConfigurationError, ParleyError

START_SECONDS = 240
# Airflow's SQLite waits up to 60 s for its lock (airflow.cfg).
ANSWER_SECONDS = 90
PARTS = ("metadatabase", "scheduler", "dag_processor", "triggerer")

T = TypeVar("T")


@dataclass
class Airflow:
    """A running Airflow, by its public API.

    Attributes:
        url: of the UI and the API.
        passwords: the file in which Airflow keeps the password of its one user.
        check: raises a ParleyError when one of its processes has ended; called whenever there is something to wait for.
    """

    url: str
    passwords: Path
    check: Callable[[], None]

    def __post_init__(self) -> None:
        self._client = httpx.Client(base_url=self.url, timeout=ANSWER_SECONDS)

    @property
    def password(self) -> str:
        """Of the user `admin`."""
        passwords: dict[str, str] = json.loads(self.passwords.read_text())
        return passwords["admin"]

    def wait_until_ready(self) -> None:
        """Wait until every process reports that it is well, and log in."""
        self._wait_until(self._is_healthy, START_SECONDS, "Airflow was not ready")
        token = self._client.post("/auth/token", json={"username": "admin", "password": self.password})
        token.raise_for_status()
        self._client.headers["Authorization"] = f"Bearer {token.json()['access_token']}"

    def wait(self) -> None:
        """Stay until a process ends, which is an error."""
        while True:
            self.check()
            time.sleep(1)

    def request(self, method: str, path: str, **arguments: Any) -> Any:
        """The JSON that the public API answers, below /api/v2.

        Raises:
            ParleyError: it refuses, with its reason.
        """
        response = self._client.request(method, f"/api/v2{path}", **arguments)
        if response.is_error:
            raise ParleyError(f"Airflow refuses {method} {path}: {response.text}")
        return response.json()

    def wait_for_dag(self, dag_id: str) -> None:
        """Wait until the DAG's file has been read.

        Raises:
            ParleyError: it cannot be read, with the reason.
        """

        def is_there() -> bool:
            if self._client.get(f"/api/v2/dags/{dag_id}").status_code == httpx.codes.OK:
                return True
            if errors := self.request("GET", "/importErrors")["import_errors"]:
                trace = errors[0]["stack_trace"]
                # What is wrong with a setting is said in a sentence; where it was found is of no help.
                _, is_setting, why = trace.rpartition(
                    f"{ConfigurationError.__module__}.{ConfigurationError.__name__}: "
                )
                raise ParleyError(f"{errors[0]['filename']} cannot be read:\n{why.strip() if is_setting else trace}")
            return False

        self._wait_until(is_there, START_SECONDS, f"Airflow did not find the DAG {dag_id}")

    def unpause(self, dag_id: str) -> None:
        """Let the DAG run."""
        self.request("PATCH", f"/dags/{dag_id}", json={"is_paused": False})

    def end_unfinished_runs(self, dag_id: str) -> None:
        """Give up the runs that an Airflow which has ended since was working on; their loads stay new."""
        for state in ("running", "queued"):
            for run in self.request("GET", f"/dags/{dag_id}/dagRuns", params={"state": state})["dag_runs"]:
                self.request("PATCH", f"/dags/{dag_id}/dagRuns/{run['dag_run_id']}", json={"state": "failed"})

    def trigger(self, dag_id: str, **form: Any) -> str:
        """Start a run of the DAG, with fields of its trigger form; returns its run id."""
        run = self.request("POST", f"/dags/{dag_id}/dagRuns", json={"logical_date": None, "conf": form})
        return str(run["dag_run_id"])

    def wait_for_run(self, dag_id: str, run_id: str, seconds: float = 1800, look_seconds: float = 0.5) -> str:
        """Wait until the run has ended; returns `success` or `failed`."""

        def end_state() -> str | None:
            state = str(self.request("GET", f"/dags/{dag_id}/dagRuns/{run_id}")["state"])
            return state if state in ("success", "failed") else None

        return self._wait_until(end_state, seconds, f"Run {run_id} of {dag_id} did not end", look_seconds)

    def task_states(self, dag_id: str, run_id: str) -> dict[str, str]:
        """The states of the run's tasks, by task id."""
        path = f"/dags/{dag_id}/dagRuns/{run_id}/taskInstances"
        tasks: list[dict[str, Any]] = []
        # Airflow gives a hundred at a time, whatever it is asked for.
        while page := self.request("GET", path, params={"limit": 100, "offset": len(tasks)})["task_instances"]:
            tasks += page
        return {task["task_id"]: task["state"] for task in tasks}

    def _is_healthy(self) -> bool:
        try:
            health = self._client.get("/api/v2/monitor/health").json()
            return all(health[part]["status"] == "healthy" for part in PARTS)
        except (httpx.TransportError, ValueError, KeyError):
            return False

    def _wait_until(self, look: Callable[[], T | None], seconds: float, in_vain: str, look_seconds: float = 0.5) -> T:
        """Look again and again, and see that the processes are alive, until there is something."""
        deadline = time.monotonic() + seconds
        while not (found := look()):
            self.check()
            if time.monotonic() > deadline:
                raise ParleyError(f"{in_vain} within {seconds:.0f} s.")
            time.sleep(look_seconds)
        return found
