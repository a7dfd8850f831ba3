"""The password of the warehouse is in no log: not of a run that works, not of one that cannot connect."""

from __future__ import annotations

import os
import secrets
import subprocess
from pathlib import Path

import psycopg2
import pytest

from parley import services, settings
from parley.dbt import write_manifest
from parley.pipelines import get_pipeline
from parley.services import free_port
from tests.deploy.containers import BIN
from tests.warehouses.postgres import create_database, running_postgres


@pytest.fixture(scope="module")
def password() -> str:
    return secrets.token_urlsafe(24)


@pytest.fixture(scope="module")
def env(tmp_path_factory: pytest.TempPathFactory, password: str) -> dict[str, str]:
    """Where a warehouse is that is not running yet, with its password in a file."""
    folder = tmp_path_factory.mktemp("secret")
    (folder / "password").write_text(password)
    return {
        "WAREHOUSE": "postgres",
        "PG_HOST": "127.0.0.1",
        "PG_PORT": str(free_port()),
        "PG_USER": "parley",
        "PG_DATABASE_NAME": "analytics",
        "PG_PASSWORD_FILE": str(folder / "password"),
        "TASK_RETRIES": "0",
    }


@pytest.fixture(scope="module", autouse=True)
def airflow() -> None:
    services.prepare(8080)
    write_manifest(get_pipeline("demo_bot"))


def run(dag_id: str, env: dict[str, str], port: int) -> subprocess.CompletedProcess[str]:
    """One run of a DAG in this process, with everything that it logs."""
    environment = {**os.environ, **env, "PG_PORT": str(port)}
    command = [str(BIN / "airflow"), "dags", "test", dag_id]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=500)


def where_it_is(password: str, *printed: str) -> list[str]:
    """The logs with the password in them."""
    logs = [path for path in settings.STATE.rglob("*") if path.is_file() and path.suffix in (".log", ".json", ".txt")]
    assert logs
    found = [str(path) for path in logs if password in path.read_text(errors="replace")]
    return found + ["what was printed" for text in printed if password in text]


def test_a_warehouse_that_does_not_answer_is_said_without_the_password(env: dict[str, str], password: str) -> None:
    failed = run("unpack_demo_bot", env, int(env["PG_PORT"]))
    assert "Connection refused" in failed.stdout + failed.stderr
    assert where_it_is(password, failed.stdout, failed.stderr) == []


def test_a_run_on_the_warehouse_logs_no_password(env: dict[str, str], password: str, tmp_path: Path) -> None:
    with running_postgres(tmp_path / "postgres") as port:
        connection = psycopg2.connect(host="127.0.0.1", port=port, user="postgres", dbname="postgres")
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute("create role parley login superuser password %s", [password])
        connection.close()
        create_database(port, "analytics")
        runs = [run(dag_id, env, port) for dag_id in ("unpack_demo_bot", "chat_demo_bot")]
        with psycopg2.connect(host="127.0.0.1", port=port, user="postgres", dbname="analytics") as connection:
            cursor = connection.cursor()
            cursor.execute("select count(*), min(status), max(status) from demo_bot_event._loads")
            assert cursor.fetchone() == (2, 0, 1), runs[1].stdout[-3000:]
        connection.close()
    assert where_it_is(password, *(text for done in runs for text in (done.stdout, done.stderr))) == []
