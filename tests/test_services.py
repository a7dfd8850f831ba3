"""Airflow's environment and what is said when it cannot start."""

from __future__ import annotations

import os
import socket
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from parley import services, settings
from parley.errors import ParleyError


def test_a_taken_port_is_said_at_once() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(ParleyError, match=f"Port {port} is taken.*make up PORT="), services.running(port):
            pass


def test_the_secrets_are_made_once_and_are_the_owners_alone() -> None:
    first, again = services.airflow_env(8080), services.airflow_env(8080)
    assert first["AIRFLOW__API_AUTH__JWT_SECRET"] == again["AIRFLOW__API_AUTH__JWT_SECRET"]
    assert len(first["AIRFLOW__API_AUTH__JWT_SECRET"]) > 30
    assert stat.S_IMODE((services.HOME / "jwt_secret").stat().st_mode) == 0o600


def test_a_secret_that_the_user_has_set_wins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW__API_AUTH__JWT_SECRET", "mine")
    assert services.airflow_env(8080)["AIRFLOW__API_AUTH__JWT_SECRET"] == "mine"


PLACES = """
import os
from parley import services
os.environ.update(services.airflow_env(8080))
from airflow.configuration import conf
print(conf.get("core", "simple_auth_manager_passwords_file"))
print(conf.get("database", "sql_alchemy_conn"))
print(conf.get("logging", "base_log_folder"))
print(conf.get("cosmos", "cache_dir"))
"""


@pytest.mark.parametrize("where", ["shell", ".env"])
def test_with_a_state_elsewhere_airflow_writes_nothing_into_the_project(tmp_path: Path, where: str) -> None:
    env = {name: value for name, value in os.environ.items() if not name.startswith(("AIRFLOW", "PARLEY_STATE"))}
    env_file = settings.ROOT / ".env"
    if where == ".env":
        env_file.write_text(f"PARLEY_STATE={tmp_path}\n")
    else:
        env["PARLEY_STATE"] = str(tmp_path)
    try:
        said = subprocess.run([sys.executable, "-c", PLACES], env=env, capture_output=True, text=True, check=True)
    finally:
        env_file.unlink(missing_ok=True)
    assert said.stdout.splitlines()[-4:] == [
        f"{tmp_path}/airflow/passwords.json",
        f"sqlite:///{tmp_path}/airflow/airflow.db?timeout=60",
        f"{tmp_path}/airflow/logs",
        f"{tmp_path}/cosmos",
    ]
