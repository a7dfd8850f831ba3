"""The morning run, end to end: Airflow's own processes, dbt, DuckDB."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from parley import services, settings
from parley.airflow_client import Airflow
from parley.pipelines import PUBLISH_DAG_ID, get_pipeline, load_pipelines
from parley.unpack.domains import unpack_new
from parley.warehouse import POOL, Warehouse
from tests.mail_server import Mailbox, body, mail_server

pytestmark = pytest.mark.e2e

BOT = get_pipeline("demo_bot")
DAG_ID = "chat_demo_bot"
PARLEY = str(settings.BIN / "parley")
Tables = dict[str, list[tuple[Any, ...]]]


def tables(*schemas: str) -> Tables:
    """The rows of every table of the schemas."""
    with Warehouse.from_env().connect() as connection:
        return {
            f"{schema}.{table}": sorted(connection.query(f'select * from {schema}."{table}"'), key=repr)
            for schema in schemas
            for table in sorted(connection.tables(schema))
        }


def statuses() -> list[tuple[int, ...]]:
    """The statuses in the ledger, load by load."""
    with Warehouse.from_env().connect() as connection:
        rows = connection.query(
            f"select string_agg(status::varchar, '' order by status) from {BOT.raw_schema}._loads group by load_id"
        )
    return [tuple(int(status) for status in row[0]) for row in rows]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The home folder of the demo's user."""
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def first_demo(home: Path) -> str:
    """What the first `parley demo` printed."""
    env = {**os.environ, "HOME": str(home)}
    result = subprocess.run([PARLEY, "demo"], capture_output=True, text=True, check=False, env=env)
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


@pytest.fixture(scope="module")
def mailbox() -> Iterator[Mailbox]:
    """Whom Airflow sends mail to."""
    with pytest.MonkeyPatch.context() as patch, mail_server() as mailbox:
        patch.setenv("ALERT_EMAIL_TO", "ops@example.com")
        patch.setenv("ALERT_ON_RECOVERY", "true")
        patch.setenv("SMTP_HOST", "127.0.0.1")
        patch.setenv("SMTP_PORT", str(mailbox.port))
        patch.setenv("SMTP_STARTTLS", "false")
        patch.setenv("UNPACK_SHARE_MB", "1")
        yield mailbox


@pytest.fixture(scope="module")
def airflow(first_demo: str, mailbox: Mailbox) -> Iterator[Airflow]:
    """Airflow after the demo."""
    port = services.free_port()
    services.prepare(port)
    with services.running(port) as running:
        for dag_id in (DAG_ID, "unpack_demo_bot"):
            running.wait_for_dag(dag_id)
            running.unpause(dag_id)
        yield running


def test_the_demo_shows_loads_marts_tests_time_and_what_to_try_next(first_demo: str) -> None:
    rows = dict(line.strip("│ \n").split("│") for line in first_demo.splitlines() if line.startswith("│"))
    shown = {name.strip(): value.strip() for name, value in rows.items()}
    assert sum(name.startswith("load ") and value == "done" for name, value in shown.items()) == 4
    of_each_domain = ("sessions", "bot_actions", "attribution_by_channel", "id_graph", "fct_conversation_lifecycle")
    for mart in of_each_domain:
        assert int(shown[mart].replace(",", "")) > 0
    results = [line.split("│")[2].split() for line in first_demo.splitlines() if "tests passed" in line]
    assert len(results) == 3
    assert all(passed == total and int(total) > 50 for passed, _, total in results)
    assert "Wall time" in first_demo
    assert "make up" in first_demo


@pytest.mark.usefixtures("first_demo")
def test_the_demo_leaves_nothing_outside_the_project(home: Path) -> None:
    assert list(home.iterdir()) == []


@pytest.mark.usefixtures("first_demo")
def test_after_the_demo_every_load_has_one_row_of_each_status() -> None:
    assert statuses() == [(0, 1), (0, 1)]


@pytest.mark.usefixtures("first_demo")
def test_after_the_demo_every_message_of_the_input_is_in_the_marts() -> None:
    with Warehouse.from_env().connect() as connection:
        count = f"select count(*) from {BOT.built_schema('views')}"
        assert connection.query(f"{count}.user_messages") == [(321,)]
        assert connection.query(f"{count}.bot_actions") == [(332,)]


@pytest.mark.usefixtures("first_demo")
def test_up_switches_every_dag_on_and_stops_when_told(tmp_path: Path) -> None:
    port = services.free_port()
    log = tmp_path / "up.log"
    with log.open("wb") as output:
        up = subprocess.Popen([PARLEY, "up", "--port", str(port)], stdout=output, stderr=subprocess.STDOUT)
    try:
        deadline = time.monotonic() + 180
        while "Airflow is at" not in log.read_text():
            assert up.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.5)
        url = f"http://localhost:{port}"
        assert url in log.read_text()
        assert httpx.get(url).status_code == httpx.codes.OK
        password = log.read_text().split("password ")[1].split(".")[0]
        token = httpx.post(f"{url}/auth/token", json={"username": "admin", "password": password}).json()
        headers = {"Authorization": f"Bearer {token['access_token']}"}
        dags = httpx.get(f"{url}/api/v2/dags", headers=headers).json()["dags"]
        assert {dag["dag_id"]: dag["is_paused"] for dag in dags} == {
            dag_id: False
            for pipeline in load_pipelines()
            for dag_id in (pipeline.dag_id, pipeline.unpack_dag_id, PUBLISH_DAG_ID)
        }
    finally:
        up.send_signal(signal.SIGTERM)
        assert up.wait(60) == 0
    with pytest.raises(httpx.ConnectError):
        httpx.get(url)


@pytest.mark.usefixtures("first_demo")
def test_the_demo_again_says_there_is_nothing_new_and_changes_nothing() -> None:
    schemas = (BOT.raw_schema, BOT.built_schema("staging"), BOT.built_schema("views"))
    before = tables(*schemas)
    again = subprocess.run([PARLEY, "demo"], capture_output=True, text=True, check=True, env=os.environ)
    assert "nothing new to process" in again.stdout
    assert tables(*schemas) == before


def run_chat(airflow: Airflow, **form: Any) -> tuple[str, dict[str, str]]:
    run_id = airflow.trigger(DAG_ID, **form)
    return airflow.wait_for_run(DAG_ID, run_id), airflow.task_states(DAG_ID, run_id)


def set_slots(airflow: Airflow, slots: int) -> None:
    """How many tasks that write to the warehouse may run."""
    airflow.request("PATCH", f"/pools/{POOL}", json={"pool": POOL, "slots": slots, "include_deferred": False})


def test_a_run_without_new_loads_is_skipped(airflow: Airflow) -> None:
    state, tasks = run_chat(airflow)
    assert state == "success"
    assert tasks["wait_for_loads"] == tasks["dbt.dbt_producer_watcher"] == tasks["mark_loads"] == "skipped"


def test_loads_that_are_named_in_the_form_are_processed_again_and_marked_once(airflow: Airflow) -> None:
    with Warehouse.from_env().connect() as connection:
        both = [load.load_id for load in BOT.ledger.loads(connection)]
    for form, load_ids in (({"load_ids": both[1:]}, both[1:]), ({"full_refresh": True}, both)):
        run_id = airflow.trigger(DAG_ID, **form)
        assert airflow.wait_for_run(DAG_ID, run_id) == "success"
        with Warehouse.from_env().connect() as connection:
            assert BOT.ledger.pinned(connection, run_id) == load_ids
    assert statuses() == [(0, 1), (0, 1)]


def test_a_run_that_is_cleared_works_on_its_loads_again(airflow: Airflow) -> None:
    with Warehouse.from_env().connect() as connection:
        last = BOT.ledger.loads(connection)[-1].load_id
        run_id = BOT.ledger.runs(connection)[last][0]  # the demo's, which was asked for nothing
    before = tables(BOT.marts_schema)
    with Warehouse.from_env().connect() as connection:
        connection.query(
            f"update {BOT.marts_schema}.sessions set environment = 'lost' where user_id in"
            f" (select sender_id from {BOT.raw_schema}.event where _load_id = %s)",
            [last],
        )
    assert tables(BOT.marts_schema) != before
    # While dbt's task waits for its slot, what it has reported before is still there.
    set_slots(airflow, 0)
    airflow.request("POST", f"/dags/{DAG_ID}/dagRuns/{run_id}/clear", json={"dry_run": False})
    first = "dbt.models.chat.staging.chat_load_ids.run"
    deadline = time.monotonic() + 180
    while airflow.task_states(DAG_ID, run_id)[first] not in ("up_for_reschedule", "success"):
        assert time.monotonic() < deadline
        time.sleep(0.5)
    set_slots(airflow, 1)
    assert airflow.wait_for_run(DAG_ID, run_id) == "success"
    assert tables(BOT.marts_schema) == before
    assert statuses() == [(0, 1), (0, 1)]


def test_a_load_that_is_not_there_fails_the_run_at_once(airflow: Airflow, mailbox: Mailbox) -> None:
    before = len(mailbox.mails)
    state, tasks = run_chat(airflow, load_ids=["nonsense"])
    assert (state, tasks["wait_for_loads"]) == ("failed", "failed")
    assert tasks["dbt.dbt_producer_watcher"] == "upstream_failed"
    [mail] = mailbox.wait_for(before + 1)[before:]
    assert "There is no load nonsense. The latest are: " in body(mail, "plain")


def test_a_run_that_an_interrupted_demo_has_left_is_given_up(airflow: Airflow) -> None:
    airflow.request("PATCH", f"/dags/{DAG_ID}", json={"is_paused": True})
    run_id = airflow.trigger(DAG_ID)
    airflow.end_unfinished_runs(DAG_ID)
    assert airflow.wait_for_run(DAG_ID, run_id, seconds=10) == "failed"
    airflow.unpause(DAG_ID)


def test_a_model_that_fails_leaves_its_loads_new_says_so_by_mail_and_the_next_run_takes_them(
    airflow: Airflow, mailbox: Mailbox, tmp_path: Path
) -> None:
    before = len(mailbox.mails)
    (tmp_path / "new.ndjson").write_text(
        '{"sender_id": "late riser", "event": "action", "timestamp": 1706000000.5, "name": "action_session_start"}\n'
        '{"sender_id": "late riser", "event": "user", "timestamp": 1706000001.5, "text": "hello", "metadata": {},'
        ' "parse_data": {"intent": {"name": "greet", "confidence": 0.9}}}\n'
    )
    load_id = unpack_new(BOT, Warehouse.from_env(), str(tmp_path)).load_id
    sessions = settings.DBT_PROJECT / "models" / "chat" / "marts" / "sessions.sql"
    sql = sessions.read_text()
    count = f"select count(*) from {BOT.built_schema('views')}.sessions where session_id like 'late riser%'"

    sessions.write_text(sql + "\nthis is no SQL")
    state, tasks = run_chat(airflow)
    assert state == "failed"
    assert tasks["mark_loads"] == "upstream_failed"
    assert tasks["dbt.models.chat.marts.sessions.run"] == "failed", tasks
    assert sorted(statuses()) == [(0,), (0, 1), (0, 1)]
    with Warehouse.from_env().connect() as connection:
        assert BOT.ledger.new(connection) == [load_id]
        assert connection.query(count) == [(0,)]
    [mail] = mailbox.wait_for(before + 1)[before:]
    assert mail["Subject"] == "[parley dev] chat_demo_bot has failed: model sessions"
    for kind in ("plain", "html"):
        text = body(mail, kind)
        assert "syntax error" in text.lower()
        assert f"{load_id}, arrived" in text
        assert f"{airflow.url}/dags/{DAG_ID}/runs/manual__" in text
        assert "/tasks/dbt.models.chat.marts.sessions.run" in text
        assert "docs/operations.md" in text

    sessions.write_text(sql)
    state, tasks = run_chat(airflow)
    assert state == "success", tasks
    assert statuses() == [(0, 1)] * 3
    [_, mail] = mailbox.wait_for(before + 2)[before:]
    assert mail["Subject"] == "[parley dev] chat_demo_bot works again"
    mailbox.no_more_than(before + 2)
    with Warehouse.from_env().connect() as connection:
        assert connection.query(count) == [(1,)]


def test_the_unpack_dag_lands_what_is_new_in_the_bots_source(airflow: Airflow) -> None:
    day = settings.SAMPLE_CHAT / "batch_2" / "2024-01-31.ndjson"
    day.write_text('{"sender_id": "early bird", "event": "restart", "timestamp": 1706660000.5}')
    before = len(statuses())
    run_id = airflow.trigger("unpack_demo_bot")
    assert airflow.wait_for_run("unpack_demo_bot", run_id) == "success"
    assert len(statuses()) == before + 1
    day.unlink()


def test_the_unpack_dag_shares_out_a_large_source(airflow: Airflow) -> None:
    event = {"event": "bot", "sender_id": "long-winded", "timestamp": 1706660000.5, "text": "x" * 100_000}
    days = [settings.SAMPLE_CHAT / "batch_2" / f"2024-02-0{number}.ndjson" for number in range(1, 4)]
    for number, day in enumerate(days):
        texts = (json.dumps({**event, "timestamp": 1706745600.5 + 86_400 * number + line}) for line in range(11))
        day.write_text("\n".join(texts))
    before = len(statuses())
    run_id = airflow.trigger("unpack_demo_bot")
    assert airflow.wait_for_run("unpack_demo_bot", run_id) == "success"
    path = f"/dags/unpack_demo_bot/dagRuns/{run_id}/taskInstances"
    tasks = airflow.request("GET", path)["task_instances"]
    prepared = sorted(
        task["map_index"] for task in tasks if task["task_id"] == "prepare" and task["state"] == "success"
    )
    assert prepared == [0, 1, 2]
    assert len(statuses()) == before + 1
    assert not list((settings.STATE / "parts").rglob("*.part"))
    for day in days:
        day.unlink()
