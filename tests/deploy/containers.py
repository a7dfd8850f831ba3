"""The services of docker-compose.yml as processes of this machine: their commands and their environment, no containers.

What a container has to itself is put in other places: its folder /opt/parley is a copy of the project, the names of the
services are this machine, and their ports are free ones. Ending one ends all that it has started, as with a container.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
from own_copy import PARTS, PROJECT, copy_project

from parley.settings import BIN

DOCKERFILE = (PROJECT / "Dockerfile").read_text()


def config(env: dict[str, str]) -> dict[str, Any]:
    """docker-compose.yml as Docker Compose itself understands it, with the variables of `env`.

    Raises:
        ValueError: it refuses, with its message.
    """
    command = [str(BIN / "docker-compose"), "--env-file", os.devnull, "--profile", "*", "config", "--format", "json"]
    # By the file itself, so that no .env of this machine is read.
    with_path = {"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/"), **env}
    result = subprocess.run(command, cwd=PROJECT, env=with_path, capture_output=True, text=True, check=False)
    if not result.stdout.strip():
        raise ValueError(result.stdout + result.stderr)
    read: dict[str, Any] = json.loads(result.stdout)
    return read


def image_env() -> dict[str, str]:
    """The variables that the Dockerfile sets."""
    block = re.findall(r"^ENV (PATH=(?:.*\\\n)*.*)$", DOCKERFILE, re.MULTILINE)[-1]
    return dict(setting.split("=", 1) for setting in block.replace("\\\n", " ").split())


def image_entrypoint() -> list[str]:
    """The entry point of the Dockerfile."""
    found: list[str] = json.loads(re.findall(r"^ENTRYPOINT (\[.*\])$", DOCKERFILE, re.MULTILINE)[-1])
    return found


@dataclass
class Host:
    """This machine in the place of one that runs containers.

    Attributes:
        root: in the place of /opt/parley.
        services: of docker-compose.yml.
        places: what is replaced in commands and environments.
        overrides: variables that the tests set otherwise.
    """

    root: Path
    services: dict[str, Any]
    places: dict[str, str]
    overrides: dict[str, str] = field(default_factory=dict)
    started: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def install(self) -> None:
        """What the Dockerfile does with the project."""
        copy_project(self.root, (*PARTS, "deploy"))
        (self.root / "data").mkdir()
        made = self.run("init", ["parley", "manifest"])
        assert made.returncode == 0, made.stderr

    def environment(self, service: str) -> dict[str, str]:
        """The environment of a service, and nothing of this shell's but where programs are."""
        own = {name: value or "" for name, value in self.services[service].get("environment", {}).items()}
        # Airflow's image ENV belongs to the services that are built from it.
        image = image_env() if "build" in self.services[service] else {}
        replaced = {name: self._placed(value) for name, value in {**image, **own}.items()}
        path = f"{BIN}{os.pathsep}{os.environ['PATH']}"
        basic = {"PATH": path, "HOME": str(self.root), "PYTHONPATH": str(self.root / "plugins")}
        return {**replaced, **basic, **self.overrides}

    def command(self, service: str, command: list[str] | None = None) -> list[str]:
        """A command, the service's own by default, as the container would start it."""
        entrypoint = image_entrypoint() if "build" in self.services[service] else []
        return [self._placed(part) for part in (*entrypoint, *(command or self.services[service]["command"]))]

    def run(self, service: str, command: list[str] | None = None, **env: str) -> subprocess.CompletedProcess[str]:
        """A command in a service's environment, to its end."""
        environment = {**self.environment(service), **env}
        # No proxy for /bin/sh: the entry point starts Python.
        return subprocess.run(
            self.command(service, command),
            cwd=self.root,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=180,
        )

    def healthy(self, service: str, **env: str) -> bool:
        """What the health check of a service says."""
        kind, *test = self.services[service]["healthcheck"]["test"]
        assert kind == "CMD"
        environment = {**self.environment(service), **env}
        placed = [self._placed(part) for part in test]
        return subprocess.run(placed, env=environment, capture_output=True, check=False, timeout=60).returncode == 0

    def start(self, service: str, name: str = "", options: tuple[str, ...] = (), **env: str) -> None:
        """Start a service; what it prints goes to `<name>.log`."""
        name = name or service
        with (self.root / f"{name}.log").open("ab") as log:
            self.started[name] = subprocess.Popen(
                [*self.command(service), *options],
                cwd=self.root,
                env={**self.environment(service), **env},
                stdout=log,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
                start_new_session=True,
            )

    def pids(self, name: str) -> set[int]:
        """The process of a container and all that it has started."""
        process = psutil.Process(self.started[name].pid)
        return {process.pid, *(child.pid for child in process.children(recursive=True))}

    def kill(self, name: str) -> None:
        """End a container at once, as `docker kill` does."""
        for pid in self.pids(name):
            os.kill(pid, signal.SIGKILL)
        self.started.pop(name).wait(10)

    def stop(self) -> None:
        """End every container."""
        for process in self.started.values():
            process.send_signal(signal.SIGTERM)
        for name, process in list(self.started.items()):
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                self.kill(name)

    def ended(self) -> list[str]:
        """The containers that have ended by themselves."""
        return [name for name, process in self.started.items() if process.poll() is not None]

    def log(self, name: str) -> str:
        """What a container has printed."""
        return (self.root / f"{name}.log").read_text(errors="replace")

    def _placed(self, text: str) -> str:
        for ours, here in self.places.items():
            text = text.replace(ours, here)
        return text
