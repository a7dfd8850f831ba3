"""Old runs and logs go; those of late, and the last run of each DAG, stay."""

from __future__ import annotations

import os
import sqlite3
import time
from contextlib import closing
from pathlib import Path

import pytest
from airflow.utils.db_cleanup import config_dict

from parley import cleaning
from tests.command import parley

DAY = 86_400
KEPT = {"dag", "dag_version"}


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of an Airflow's own, without its database yet."""
    monkeypatch.setenv("PARLEY_STATE", str(tmp_path))
    monkeypatch.setenv("AIRFLOW__DATABASE__SQL_ALCHEMY_CONN", f"sqlite:///{tmp_path}/airflow.db")
    monkeypatch.delenv("AIRFLOW__LOGGING__BASE_LOG_FOLDER", raising=False)
    return tmp_path


def log_file(state: Path, run: str, days_ago: float) -> Path:
    """A log as old as that, and the folder it is in."""
    path = state / "airflow" / "logs" / "dag_id=chat_demo_bot" / f"run_id={run}" / "task.log"
    path.parent.mkdir(parents=True)
    path.write_text("done")
    os.utime(path, (time.time() - days_ago * DAY,) * 2)
    return path


def dag_run(database: sqlite3.Connection, dag_id: str, days_ago: float) -> None:
    database.execute(
        "insert into dag_run (dag_id, run_id, run_type, state, start_date, queued_at, run_after, clear_number, conf)"
        " select ?, ?, 'scheduled', 'success', then_, then_, then_, 0, '{}'"
        " from (select datetime('now', ?) as then_)",
        [dag_id, f"{dag_id} {days_ago} days ago", f"-{days_ago} days"],
    )


def test_what_is_older_goes_and_the_last_run_of_each_dag_stays(state: Path) -> None:
    assert parley("airflow", "db", "migrate").returncode == 0
    old, late = log_file(state, "old", 31), log_file(state, "late", 29)
    with closing(sqlite3.connect(state / "airflow.db")) as database, database:
        for dag_id, days_ago in (("chat", 40), ("chat", 31), ("chat", 29), ("rare", 80), ("rare", 60)):
            dag_run(database, dag_id, days_ago)

    cleaned = parley("clean", "--days", "30")
    assert cleaned.returncode == 0, cleaned.stdout + cleaned.stderr
    assert "1 log files" in cleaned.stdout

    assert (old.parent.exists(), late.exists()) == (False, True)
    with closing(sqlite3.connect(state / "airflow.db")) as database:
        runs = {run for (run,) in database.execute("select run_id from dag_run")}
        archives = database.execute("select name from sqlite_master where name like '%airflow_deleted%'").fetchall()
    assert runs == {"chat 29 days ago", "rare 60 days ago"}
    assert archives == []


def test_a_database_that_cannot_be_cleaned_is_said(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    old = log_file(state, "old", 31)
    monkeypatch.setenv("AIRFLOW__DATABASE__SQL_ALCHEMY_CONN", f"sqlite:///{state}/none/airflow.db")
    result = parley("clean", "--days", "30")
    assert result.returncode == 1
    assert "`airflow db clean" in result.stderr
    assert old.exists()


def test_every_table_that_airflow_can_clean_is_cleaned_or_kept_on_purpose() -> None:
    assert {*cleaning.TABLES, *KEPT} == set(config_dict)
