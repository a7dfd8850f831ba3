"""Airflow's environment and what is said when it cannot start."""

from __future__ import annotations

import socket
import stat

import pytest

from parley import services
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
