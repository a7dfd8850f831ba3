"""Airflow on this machine: its environment and its four processes."""

from __future__ import annotations

import os
import secrets
import signal
import socket
import subprocess
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial

from parley import settings
from parley.airflow_client import Airflow
from parley.errors import ParleyError
from parley.warehouse import POOL, POOL_SLOTS, Warehouse

HOME = settings.STATE / "airflow"
LOGS = HOME / "logs"
PROCESSES = ("api-server", "scheduler", "dag-processor", "triggerer")
DEFAULT_PORT = 8080
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
        # airflow.cfg names both.
        "PARLEY_ROOT": str(settings.ROOT),
        "PARLEY_STATE": str(settings.STATE),
        "AIRFLOW_HOME": str(HOME),
        "AIRFLOW_CONFIG": str(settings.ROOT / "airflow.cfg"),
        "AIRFLOW__API__PORT": str(port),
        "AIRFLOW__API__BASE_URL": f"http://localhost:{port}",
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"http://localhost:{port}/execution/",
        "PATH": f"{settings.BIN}{os.pathsep}{os.environ['PATH']}",
    }
    return {**keys, **os.environ, **own}


def _secret(name: str) -> str:
    """A secret of this installation, made on first use and readable by its owner alone."""
    path = HOME / name
    if not path.exists():
        path.touch(mode=0o600)
        path.write_text(secrets.token_urlsafe(64))
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
    run_airflow(["db", "migrate"], port)
    run_airflow(["pools", "set", POOL, slots, "Writes to the warehouse"], port)


def run_airflow(arguments: Sequence[str], port: int) -> None:
    """Run a command of Airflow's.

    Raises:
        ParleyError: it failed, with the end of its output.
    """
    result = subprocess.run(["airflow", *arguments], env=airflow_env(port), capture_output=True, text=True, check=False)
    if result.returncode:
        output = (result.stdout + result.stderr)[-3000:]
        raise ParleyError(f"`airflow {' '.join(arguments)}` failed:\n{output}")


def start(name: str, port: int) -> subprocess.Popen[bytes]:
    """One of Airflow's processes, with a process group and a log file of its own."""
    LOGS.mkdir(parents=True, exist_ok=True)
    with (LOGS / f"{name}.log").open("ab") as log:
        return subprocess.Popen(
            ["airflow", name, *(["--host", "127.0.0.1"] if name == "api-server" else [])],
            env=airflow_env(port),
            stdout=log,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )


def check_port(port: int) -> None:
    """Raise a ParleyError when another process listens on the port."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise ParleyError(f"Port {port} is taken. Choose another: `make up PORT={port + 1}`.") from error


@contextmanager
def running(port: int, processes: dict[str, subprocess.Popen[bytes]] | None = None) -> Iterator[Airflow]:
    """Airflow's processes, ready to work; stopped at the end.

    Args:
        processes: filled with them, by name, for who wants to exchange one.

    Raises:
        ParleyError: the port is taken, or a process ended before it was ready.
    """
    check_port(port)
    processes = {} if processes is None else processes
    try:
        for name in PROCESSES:
            (LOGS / f"{name}.log").unlink(missing_ok=True)
            processes[name] = start(name, port)
        airflow = Airflow(f"http://localhost:{port}", HOME / "passwords.json", partial(_check, processes))
        airflow.wait_until_ready()
        yield airflow
    finally:
        _stop(processes.values())


def _check(processes: Mapping[str, subprocess.Popen[bytes]]) -> None:
    """Raise a ParleyError when a process has ended."""
    for name, process in processes.items():
        if process.poll() is not None:
            end = (LOGS / f"{name}.log").read_text(errors="replace")[-3000:]
            raise ParleyError(f"Airflow's {name} ended with code {process.returncode}:\n{end}")


def _stop(processes: Iterable[subprocess.Popen[bytes]]) -> None:
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
