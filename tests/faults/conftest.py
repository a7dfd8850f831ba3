"""One Airflow for all scenarios, and the warehouse that each of them begins with."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from parley import services, settings
from parley.dbt import write_manifest
from parley.unpack.domains import unpack_new
from parley.warehouse import Warehouse
from tests.dbt.chat_project import Chat
from tests.faults.house import BOT, DAG_ID, House, batches, build, copy, tables
from tests.mail_server import Mailbox, mail_server

# Twice a year: only what a test triggers runs, beside the run that is due when the DAG is switched on.
SCHEDULES = 'schedule: "0 0 1 1,7 *"\nunpack_schedule: "0 0 1 1,7 *"\n'
# A killed process is noticed when it has not been heard of for so long. Airflow waits for minutes.
SILENCE_SECONDS = "20"
SETTINGS = {
    "AIRFLOW__SCHEDULER__USE_JOB_SCHEDULE": "True",
    # As in a deployment: a task may be killed, and its model have failed before, in one run.
    "TASK_RETRIES": "3",
    "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": SILENCE_SECONDS,
    "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT_DETECTION_INTERVAL": "2",
    "AIRFLOW__SCHEDULER__SCHEDULER_HEALTH_CHECK_THRESHOLD": SILENCE_SECONDS,
    "AIRFLOW__SCHEDULER__ORPHANED_TASKS_CHECK_INTERVAL": "2",
    "AIRFLOW__TRIGGERER__TRIGGERER_HEALTH_CHECK_THRESHOLD": SILENCE_SECONDS,
    "ALERT_EMAIL_TO": "ops@example.com",
    "SMTP_HOST": "127.0.0.1",
    "SMTP_STARTTLS": "false",
}


@pytest.fixture
def house(shared_house: House) -> House:
    """The house, with the warehouse that each scenario begins with."""
    # A scenario that failed may have left a run.
    shared_house.end_runs()
    shared_house.put_back()
    return shared_house


@pytest.fixture(scope="package")
def shared_house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    folder = tmp_path_factory.mktemp("house")
    bot = settings.BOTS / f"{BOT.name}.yml"
    as_it_was = bot.read_text()
    with pytest.MonkeyPatch.context() as patch, mail_server() as mailbox:
        for name, value in {**SETTINGS, "SMTP_PORT": str(mailbox.port)}.items():
            patch.setenv(name, value)
        patch.setenv("WAREHOUSE_PATH", str(folder / "warehouse.duckdb"))
        bot.write_text(as_it_was + SCHEDULES)
        write_manifest(BOT)
        try:
            yield from _house(folder, mailbox)
        finally:
            bot.write_text(as_it_was)


def _house(folder: Path, mailbox: Mailbox) -> Iterator[House]:
    """A house whose first load is done and whose second is new; the third has not landed."""
    first, second, late = batches(folder / "loads")
    warehouse = Warehouse.from_env()
    chat = Chat(folder / "warehouse.duckdb", BOT.vars)
    unpack_new(BOT, warehouse, str(first))
    build(chat, "the day before")
    unpack_new(BOT, warehouse, str(second))
    snapshot = copy(folder / "warehouse.duckdb", folder / "snapshot.duckdb")
    # The file's name is that of dbt's database.
    undisturbed = copy(snapshot, folder / "undisturbed" / "warehouse.duckdb")
    build(replace(chat, path=undisturbed), "undisturbed")
    expected = tables(Warehouse("duckdb", path=undisturbed))
    before = tables(Warehouse("duckdb", path=snapshot))
    assert before.keys() == expected.keys()
    assert before != expected

    port = services.free_port()
    services.prepare(port)
    processes: dict[str, subprocess.Popen[bytes]] = {}
    with services.running(port, processes) as airflow:
        airflow.wait_for_dag(DAG_ID)
        airflow.unpause(DAG_ID)
        # The deadline of this run is long past.
        mailbox.wait_for(1)
        yield House(airflow, port, processes, mailbox, snapshot, expected, late)
