"""The password of the warehouse is in no log: not of a run that works, not of one that cannot connect."""

from __future__ import annotations

import secrets
from pathlib import Path

import psycopg2
import pytest

from parley import services, settings
from parley.airflow_client import Airflow
from parley.dbt import write_manifest
from parley.pipelines import get_pipeline
from tests.warehouses.postgres import HOST, create_database, running_postgres

DAGS = ("unpack_demo_bot", "chat_demo_bot")


def test_no_log_has_the_password_of_the_warehouse_in_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    password = secrets.token_urlsafe(24)
    (tmp_path / "password").write_text(password)
    with running_postgres() as server:
        connection = psycopg2.connect(host=HOST, port=server.port, user="postgres", dbname="postgres")
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute("create role parley login superuser password %s", [password])
        connection.close()
        create_database(server.port, "analytics")
        there = {"WAREHOUSE": "postgres", "PG_HOST": HOST, "PG_PORT": str(server.port), "PG_USER": "parley"}
        there |= {"PG_DATABASE_NAME": "analytics", "PG_PASSWORD_FILE": str(tmp_path / "password")}
        for name, value in there.items():
            monkeypatch.setenv(name, value)
        # This process has started without it; those of Airflow find it in its file.
        with monkeypatch.context() as with_password:
            with_password.setenv("PG_PASSWORD", password)
            write_manifest(get_pipeline("demo_bot"))
            services.prepare(api := services.free_port())

        with services.running(api) as airflow:
            assert [run(airflow, dag_id) for dag_id in DAGS] == ["success", "success"]
            with psycopg2.connect(host=HOST, port=server.port, user="postgres", dbname="postgres") as connection:
                cursor = connection.cursor()
                # From now on nobody can connect, and the drivers say so.
                cursor.execute("alter role parley nologin")
            connection.close()
            assert run(airflow, "unpack_demo_bot") == "failed"

    logs = [path for path in settings.STATE.rglob("*") if path.is_file() and path.suffix in (".log", ".json")]
    texts = {path: path.read_text(errors="replace") for path in logs}
    assert any("not permitted to log in" in text for text in texts.values())
    assert [path for path, text in texts.items() if password in text] == []


def run(airflow: Airflow, dag_id: str) -> str:
    """Run a DAG to its end; how it ended."""
    airflow.wait_for_dag(dag_id)
    airflow.unpause(dag_id)
    return airflow.wait_for_run(dag_id, airflow.trigger(dag_id))
