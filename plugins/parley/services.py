"""Airflow on this machine: its environment, its four processes, and a client of its public API."""

from __future__ import annotations

import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from parley import settings
from parley.errors import ParleyError
from parley.warehouse import POOL, POOL_SLOTS, Warehouse

HOME = settings.STATE / "airflow"
LOGS = HOME / "logs"
PROCESSES = ("api-server", "scheduler", "dag-processor", "triggerer")
DEFAULT_PORT = 8080
START_SECONDS = 240
STOP_SECONDS = 20


def airflow_env(port: int) -> dict[str, str]:
    """The environment of every Airflow process: what airflow.cfg cannot say because it differs by machine."""
    HOME.mkdir(parents=True, exist_ok=True)
    # With these the processes prove to each other who they are.
    keys = {
        "AIRFLOW__API_AUTH__JWT_SECRET": _secret("jwt_secret"),
        "AIRFLOW__API__SECRET_KEY": _secret("api_secret_key"),
    }
    own = {
        "PARLEY_ROOT": str(settings.ROOT),
        "AIRFLOW_HOME": str(HOME),
        "AIRFLOW_CONFIG": str(settings.ROOT / "airflow.cfg"),
        "AIRFLOW__API__PORT": str(port),
        "AIRFLOW__API__BASE_URL": f"http://localhost:{port}",
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"http://localhost:{port}/execution/",
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
    }
    return {**keys, **os.environ, **own}


def _secret(name: str) -> str:
    """A secret of this installation, made on first use and readable by its owner alone."""
    path = HOME / name
    if not path.exists():
        path.touch(mode=0o600)
        path.write_text(secrets.token_urlsafe(32))
    return path.read_text()


def free_port() -> int:
    """A port of this machine that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def prepare(port: int) -> None:
    """Make or migrate Airflow's own database, and the pool of the warehouse.

    Raises:
        ParleyError: Airflow cannot, with the end of its output.
    """
    slots = str(POOL_SLOTS[Warehouse.from_env().kind])
    for arguments in (["db", "migrate"], ["pools", "set", POOL, slots, "Writes to the warehouse"]):
        result = subprocess.run(
            ["airflow", *arguments], env=airflow_env(port), capture_output=True, text=True, check=False
        )
        if result.returncode:
            output = (result.stdout + result.stderr)[-3000:]
            raise ParleyError(f"`airflow {' '.join(arguments)}` failed:\n{output}")


@contextmanager
def running(port: int) -> Iterator[Airflow]:
    """Airflow's processes, ready to work; stopped at the end.

    Raises:
        ParleyError: the port is taken, or a process ended before it was ready.
    """
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise ParleyError(f"Port {port} is taken. Choose another: `make up PORT={port + 1}`.") from error
    LOGS.mkdir(parents=True, exist_ok=True)
    processes: dict[str, subprocess.Popen[bytes]] = {}
    try:
        for name in PROCESSES:
            with (LOGS / f"{name}.log").open("wb") as log:
                processes[name] = subprocess.Popen(
                    ["airflow", name, *(["--host", "127.0.0.1"] if name == "api-server" else [])],
                    env=airflow_env(port),
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    stdin=subprocess.DEVNULL,
                    start_new_session=True,
                )
        airflow = Airflow(f"http://localhost:{port}", processes)
        airflow.wait_until_ready()
        yield airflow
    finally:
        _stop(processes.values())


def _stop(processes: Any) -> None:
    """End the processes and what they have started: asked first, then made to."""
    for signal_number, patience in ((signal.SIGTERM, STOP_SECONDS), (signal.SIGKILL, STOP_SECONDS)):
        for process in processes:
            try:
                os.killpg(process.pid, signal_number)
            except ProcessLookupError:
                continue
        deadline = time.monotonic() + patience
        for process in processes:
            try:
                process.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                continue


@dataclass
class Airflow:
    """A running Airflow, by its public API.

    Attributes:
        url: of the UI and the API.
        processes: by the name of their command.
    """

    url: str
    processes: dict[str, subprocess.Popen[bytes]]

    def __post_init__(self) -> None:
        self._client = httpx.Client(base_url=self.url, timeout=30)

    @property
    def password(self) -> str:
        """Of the user `admin`."""
        passwords: dict[str, str] = json.loads((HOME / "passwords.json").read_text())
        return passwords["admin"]

    def wait_until_ready(self) -> None:
        """Wait until every process reports that it is well."""
        deadline = time.monotonic() + START_SECONDS
        parts = ("metadatabase", "scheduler", "dag_processor", "triggerer")
        while True:
            self.check()
            try:
                health = self._client.get("/api/v2/monitor/health").json()
                if all(health[part]["status"] == "healthy" for part in parts):
                    break
            except (httpx.TransportError, ValueError, KeyError):
                health = {}
            if time.monotonic() > deadline:
                raise ParleyError(f"Airflow was not ready within {START_SECONDS} s: {health}. Its logs are in {LOGS}.")
            time.sleep(0.5)
        token = self._client.post("/auth/token", json={"username": "admin", "password": self.password})
        token.raise_for_status()
        self._client.headers["Authorization"] = f"Bearer {token.json()['access_token']}"

    def check(self) -> None:
        """Raise a ParleyError when a process has ended."""
        for name, process in self.processes.items():
            if process.poll() is not None:
                end = (LOGS / f"{name}.log").read_text(errors="replace")[-3000:]
                raise ParleyError(f"Airflow's {name} ended with code {process.returncode}:\n{end}")

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
        deadline = time.monotonic() + START_SECONDS
        while self._client.get(f"/api/v2/dags/{dag_id}").status_code != httpx.codes.OK:
            self.check()
            if errors := self.request("GET", "/importErrors")["import_errors"]:
                raise ParleyError(f"{errors[0]['filename']} cannot be read:\n{errors[0]['stack_trace']}")
            if time.monotonic() > deadline:
                raise ParleyError(f"Airflow did not find the DAG {dag_id} within {START_SECONDS} s.")
            time.sleep(0.5)

    def unpause(self, dag_id: str) -> None:
        """Let the DAG run."""
        self.request("PATCH", f"/dags/{dag_id}", json={"is_paused": False})

    def trigger(self, dag_id: str, conf: dict[str, Any] | None = None) -> str:
        """Start a run of the DAG; returns its run id."""
        run = self.request("POST", f"/dags/{dag_id}/dagRuns", json={"logical_date": None, "conf": conf or {}})
        return str(run["dag_run_id"])

    def wait_for_run(self, dag_id: str, run_id: str, seconds: float = 900) -> str:
        """Wait until the run has ended; returns `success` or `failed`."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            self.check()
            state = str(self.request("GET", f"/dags/{dag_id}/dagRuns/{run_id}")["state"])
            if state in ("success", "failed"):
                return state
            time.sleep(0.5)
        raise ParleyError(f"Run {run_id} of {dag_id} did not end within {seconds:.0f} s.")

    def task_states(self, dag_id: str, run_id: str) -> dict[str, str]:
        """The states of the run's tasks, by task id."""
        path = f"/dags/{dag_id}/dagRuns/{run_id}/taskInstances?limit=1000"
        return {task["task_id"]: task["state"] for task in self.request("GET", path)["task_instances"]}
