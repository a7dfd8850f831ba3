"""Secrets from files and AWS Secrets Manager: what is read, what wins, and what is said when it cannot be."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from parley import secrets
from parley.errors import ConfigurationError


def test_a_file_gives_the_value_without_its_line_end(tmp_path: Path) -> None:
    (tmp_path / "password").write_text("hunter2\n")
    env = {"PG_PASSWORD_FILE": str(tmp_path / "password")}
    secrets.from_files(env, "PG_PASSWORD", "OTHER")
    assert env["PG_PASSWORD"] == "hunter2"
    assert "OTHER" not in env


def test_a_variable_that_is_set_wins(tmp_path: Path) -> None:
    env = {"PG_PASSWORD": "mine", "PG_PASSWORD_FILE": str(tmp_path / "none"), "PG_PASSWORD_SECRET": "none"}
    secrets.from_files(env, "PG_PASSWORD")
    secrets.from_aws(env, "PG_PASSWORD")
    assert env["PG_PASSWORD"] == "mine"


@pytest.mark.parametrize(("content", "message"), [(None, "cannot be read"), ("\n", "is empty")])
def test_a_file_that_has_no_secret_is_an_error_that_names_it(tmp_path: Path, content: str | None, message: str) -> None:
    path = tmp_path / "password"
    if content:
        path.write_text(content)
    with pytest.raises(ConfigurationError, match=rf"PG_PASSWORD_FILE is '{path}', which {message}"):
        secrets.from_files({"PG_PASSWORD_FILE": str(path)}, "PG_PASSWORD")


@pytest.fixture
def secrets_manager(monkeypatch: pytest.MonkeyPatch) -> Stubber:
    """AWS Secrets Manager, as boto3 sees it: answers what the test adds."""
    client = boto3.client("secretsmanager", region_name="eu-west-1", aws_access_key_id="x", aws_secret_access_key="x")
    monkeypatch.setattr(boto3, "client", lambda name: client)
    stubber = Stubber(client)
    stubber.activate()
    return stubber


@pytest.mark.parametrize(
    ("place", "text", "expected"),
    [
        ("warehouse", "hunter2", "hunter2"),
        ("warehouse", json.dumps({"username": "parley", "password": "hunter2"}), "hunter2"),
        ("warehouse#pw", json.dumps({"pw": "hunter2"}), "hunter2"),
    ],
)
def test_a_secret_of_aws_is_a_text_or_a_key_of_json(
    secrets_manager: Stubber, place: str, text: str, expected: str
) -> None:
    secrets_manager.add_response("get_secret_value", {"SecretString": text}, {"SecretId": "warehouse"})
    env = {"PG_PASSWORD_SECRET": place}
    secrets.from_aws(env, "PG_PASSWORD")
    assert env["PG_PASSWORD"] == expected


@pytest.mark.parametrize(
    ("place", "response", "message"),
    [
        ("warehouse", {"SecretString": '{"user": "me"}'}, "has no 'password' \\(it has: user\\)"),
        ("warehouse#pw", {"SecretString": "plain"}, "is no JSON object: leave '#pw' out"),
        ("warehouse", {"SecretBinary": b"x"}, "cannot be read"),
        ("warehouse", "AccessDeniedException", "cannot be read.*AccessDenied"),
    ],
)
def test_a_secret_of_aws_that_cannot_be_read_is_an_error_that_names_it(
    secrets_manager: Stubber, place: str, response: dict[str, Any] | str, message: str
) -> None:
    if isinstance(response, str):
        secrets_manager.add_client_error("get_secret_value", response)
    else:
        secrets_manager.add_response("get_secret_value", response)
    with pytest.raises(ConfigurationError, match=f"PG_PASSWORD_SECRET is '{place}', which {message}") as error:
        secrets.from_aws({"PG_PASSWORD_SECRET": place}, "PG_PASSWORD")
    assert "plain" not in str(error.value)


def start(*command: str, **env: str) -> subprocess.CompletedProcess[str]:
    """`python -m parley.deploy.secrets`, in a process of its own."""
    arguments = [sys.executable, "-m", "parley.deploy.secrets", *command]
    return subprocess.run(arguments, env={**os.environ, **env}, capture_output=True, text=True, check=False)


def test_a_process_starts_with_its_secrets(tmp_path: Path) -> None:
    (tmp_path / "password").write_text("it's")
    env = {"PG_PASSWORD_FILE": str(tmp_path / "password")}
    started = start(sys.executable, "-c", "import os; print(os.environ['PG_PASSWORD'])", **env)
    assert started.stdout == "it's\n"
    assert start(**env).stdout == "export PG_PASSWORD='it'\"'\"'s'\n"


def test_a_process_that_cannot_start_says_why(tmp_path: Path) -> None:
    missing = start("true", PG_PASSWORD_FILE=str(tmp_path / "none"))
    assert missing.returncode == 1
    assert "PG_PASSWORD_FILE is" in missing.stderr
    unknown = start("no-such-command")
    assert unknown.returncode == 1
    assert unknown.stderr == "Error: no-such-command cannot be started: No such file or directory\n"
