"""What may happen to a run, and that it comes right: the same tables, and each load done once."""

from __future__ import annotations

import os
import re
import resource
import signal
import subprocess
from contextlib import ExitStack
from pathlib import Path

import pytest

from parley import settings
from parley.errors import WarehouseBusyError
from parley.warehouse import Warehouse
from tests.dbt.chat_project import Chat
from tests.faults.house import (
    BOT,
    DAG_ID,
    DBT,
    House,
    build,
    copy,
    held_as_soon_as_free,
    logs,
    statuses,
    tables,
    wait_until,
)
from tests.mail_server import body

pytestmark = pytest.mark.e2e

SESSIONS = settings.DBT_PROJECT / "models" / "chat" / "marts" / "sessions.sql"
PARLEY = str(settings.BIN / "parley")
SAME_RUN = "the same run, by the retries of its tasks"


def wait_until_dbt_works(house: House, run_id: str) -> int:
    """The process of a run that runs dbt, once it has the warehouse."""
    pid = house.pid_of(run_id, DBT)

    def has_the_warehouse() -> bool:
        try:
            with Warehouse.from_env().connect(read_only=True, wait=0):
                return False
        except WarehouseBusyError as error:
            return f"PID {pid}" in str(error)

    wait_until(has_the_warehouse, "dbt works")
    return pid


def test_a_run_past_its_deadline_is_mailed(house: House) -> None:
    """Switched on, the DAG was given the run that was scheduled last, months ago; it was ended before these tests."""
    mail = house.mailbox.mails[0]
    assert re.search(r"chat_demo_bot has missed its deadline, 01:00 UTC", mail["Subject"])
    assert "tasks are done" in body(mail, "plain")


@pytest.mark.fault("another process holds the warehouse when a run starts", "the same run, which waits")
@pytest.mark.fault("`kill -9` of dbt in the middle of the build", SAME_RUN)
@pytest.mark.fault("`kill -9` of `wait_for_loads`, of tasks of models and of tests, and of `mark_loads`", SAME_RUN)
def test_the_warehouse_is_held_and_tasks_are_killed_one_after_another(house: House) -> None:
    with held_as_soon_as_free():
        run_id = house.trigger()
        house.kill(run_id, "wait_for_loads")
        # Its second try waits as the first did.
        wait_until(lambda: house.try_number(run_id, "wait_for_loads") == 2, "wait_for_loads is tried again")
    os.kill(wait_until_dbt_works(house, run_id), signal.SIGKILL)
    house.kill_some_watcher(run_id, ".run")
    house.kill_some_watcher(run_id, ".test")
    with ExitStack() as stack:
        with house.no_slot_for_writers():
            house.wait_until_only(run_id, "mark_loads")
            stack.enter_context(held_as_soon_as_free())
        house.kill(run_id, "mark_loads")
    house.assert_comes_right(run_id)
    assert house.states(run_id)[DBT] == "skipped", "dbt was not killed in its first try"


@pytest.mark.fault("`kill -9` of the triggerer and of all it watches", "the same run, when a new triggerer is there")
@pytest.mark.fault(
    "`kill -9` of the scheduler with every task that runs", "the same run, when a new scheduler is there"
)
def test_the_triggerer_and_the_scheduler_are_killed(house: House) -> None:
    run_id = house.trigger()
    wait_until(lambda: "deferred" in house.states(run_id).values(), "a task waits in the triggerer")
    house.exchange("triggerer")
    wait_until_dbt_works(house, run_id)
    house.exchange("scheduler")
    house.assert_comes_right(run_id)


@pytest.mark.fault("the disk is full for dbt: nothing it writes can grow", SAME_RUN)
def test_the_disk_is_full(house: House) -> None:
    run_id = house.trigger()
    pid = house.pid_of(run_id, DBT)
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (4096, 4096))
    house.assert_comes_right(run_id)
    assert house.states(run_id)[DBT] == "skipped", "dbt did not fail in its first try"


@pytest.mark.fault("a model fails, every time it is tried", "the next run")
@pytest.mark.fault("the mail server is down when a run fails", "the run ends as without mail; the log says so")
@pytest.mark.fault("a run is started beside a backfill of a past date", "both, one after the other")
@pytest.mark.fault("a load lands in the middle of a run", "the next run, which takes it")
def test_a_run_fails_without_a_mail_server_and_then_two_runs_and_a_load_come_at_once(
    house: House, tmp_path: Path
) -> None:
    sql = SESSIONS.read_text()
    SESSIONS.write_text(f"{sql}\nwhere nonsense = 1\n")
    try:
        with house.mailbox.down():
            failed = house.trigger()
            assert house.end_of(failed) == "failed"
            wait_until(lambda: logs("dag_processor").count("was not mailed") >= 2, "the mail is given up")
    finally:
        SESSIONS.write_text(sql)
    assert statuses() == [(0, 1), (0,)]

    ledger = f"{BOT.raw_schema}._loads"
    with Warehouse.from_env().connect() as connection:
        # In the half year before the date of the backfill.
        arrived = (
            f"update {ledger} set inserted_at = '2024-03-01 06:00Z' where load_id = (select min(load_id) from {ledger})"
        )
        connection.query(arrived)
    backfill = ["airflow", "backfill", "create", "--dag-id", DAG_ID]
    backfill += ["--from-date", "2024-07-01T00:00Z", "--to-date", "2024-07-01T12:00Z"]
    created = subprocess.run([PARLEY, *backfill], check=False, capture_output=True, text=True)
    assert created.returncode == 0, created.stderr
    past = house.airflow.request("GET", f"/dags/{DAG_ID}/dagRuns", params={"run_type": "backfill"})["dag_runs"]
    [backfilled] = [run["dag_run_id"] for run in past]
    run_id = house.trigger()
    wait_until(
        lambda: "running" in {house.states(run).get(DBT) for run in (run_id, backfilled)}, "one of the two runs works"
    )
    with subprocess.Popen([PARLEY, "unpack", "rasa", str(house.late)], stdout=subprocess.DEVNULL) as unpack:
        assert house.end_of(run_id) == "success", house.states(run_id)
        assert unpack.wait() == 0
    assert house.end_of(backfilled) == "success", house.states(backfilled)
    assert house.states(backfilled)["mark_loads"] == "success"
    if (0,) in statuses():
        assert house.end_of(house.trigger()) == "success"

    assert statuses() == [(0, 1)] * 3
    found = tables(Warehouse.from_env())
    path = Warehouse.from_env().path
    assert path is not None
    again = copy(path, tmp_path / "warehouse.duckdb")
    build(Chat(again, BOT.vars), "again", "--full-refresh")
    assert found == tables(Warehouse("duckdb", path=again))
    # Neither the backfill of a date long past nor a run by hand has a deadline.
    house.mailbox.no_more_than(1)
