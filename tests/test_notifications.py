"""What is mailed when, by a real mail server; what Airflow would say of the run is made up."""

from __future__ import annotations

import asyncio
import logging
import socket
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.sdk import Variable
from airflow.sdk.execution_time.task_runner import RuntimeTaskInstance
from airflow.sdk.execution_time.xcom import XCom

from parley import notifications
from parley.errors import ConfigurationError
from parley.notifications import callbacks, deadline_missed, keep_error, run_failed, run_succeeded
from parley.pipelines import get_pipeline
from parley.warehouse import Warehouse
from tests.mail_server import Mailbox, body, mail_server
from tests.test_sensors import add_load
from tests.test_warehouse import SERVER, held, silent_server

DAG_ID = "chat_demo_bot"
RUN_ID = "scheduled__2026-01-05T07:00:00+00:00"
SESSIONS = "dbt.models.chat.marts.sessions.run"
ERROR = 'dbt invocation completed with errors: sessions: Binder Error\n  Referenced column "<nonsense>" not found'
LOG_URL = f"/dags/{DAG_ID}/runs/scheduled__2026-01-05T07%3A00%3A00%2B00%3A00/tasks/{SESSIONS}"


@pytest.fixture
def mailbox(monkeypatch: pytest.MonkeyPatch) -> Iterator[Mailbox]:
    """The mailbox of a server that the settings name."""
    with mail_server() as mailbox:
        for name, value in {
            "ALERT_EMAIL_TO": "ops@example.com, data@example.com",
            "ALERT_EMAIL_FROM": "parley@example.com",
            "SMTP_HOST": "127.0.0.1",
            "SMTP_PORT": str(mailbox.port),
            "SMTP_STARTTLS": "false",
            "MANUAL_URL": "https://example.com/operations",
        }.items():
            monkeypatch.setenv(name, value)
        yield mailbox


@pytest.fixture
def states(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """The states of the run's tasks, as Airflow says; to be changed by a test. What fails has left its error."""
    states = {
        "wait_for_loads": "success",
        "dbt.models.chat.marts.models.run": "success",
        SESSIONS: "failed",
        "dbt.models.chat.marts.sessions.test": "upstream_failed",
        "mark_loads": "upstream_failed",
    }
    monkeypatch.setattr(RuntimeTaskInstance, "get_task_states", lambda dag_id, run_ids: {run_ids[0]: states})
    monkeypatch.setattr(XCom, "get_one", lambda **key: ERROR if key["task_id"] == SESSIONS else None)
    monkeypatch.setattr(notifications, "KEEP_ERROR_SECONDS", 0)
    return states


@pytest.fixture
def variables(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Airflow's variables."""
    variables: dict[str, str] = {}
    monkeypatch.setattr(Variable, "set", variables.__setitem__)
    monkeypatch.setattr(Variable, "get", variables.get)
    monkeypatch.setattr(Variable, "delete", variables.pop)
    return variables


def context(**more: Any) -> Any:
    """What the dag-processor passes: it may lack the task instance."""
    return {"dag": SimpleNamespace(dag_id=DAG_ID), "run_id": RUN_ID, **more}


@pytest.mark.usefixtures("states")
def test_the_mail_of_a_failed_run_says_what_failed_and_why_and_what_waits(
    mailbox: Mailbox, warehouse: Warehouse
) -> None:
    add_load(warehouse, "17.5", arrived="2026-01-05 05:31")
    run_failed("demo_bot", context(reason="task_failure"))
    [mail] = mailbox.wait_for(1)
    assert mail["Subject"] == "[parley dev] chat_demo_bot has failed: model sessions"
    assert (mail["From"], mail["To"]) == ("parley@example.com", "ops@example.com, data@example.com")
    assert mail.get_content_type() == "multipart/alternative"
    assert [part.get_content_type() for part in mail.iter_parts()] == ["text/plain", "text/html"]
    for kind in ("plain", "html"):
        text = body(mail, kind)
        assert "model sessions" in text
        assert "Binder Error" in text
        assert LOG_URL in text
        assert f"/dags/{DAG_ID}/runs/" in text
        assert "https://example.com/operations" in text
        assert "17.5, arrived 2026-01-05 05:31 UTC" in text
        assert "2 tasks behind what failed did not run" in text
    assert 'column "<nonsense>"' in body(mail, "plain")
    assert "&lt;nonsense&gt;" in body(mail, "html")


@pytest.mark.usefixtures("states", "warehouse")
def test_an_error_that_is_kept_a_moment_later_is_waited_for(mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch) -> None:
    errors = iter([None, ERROR])
    monkeypatch.setattr(XCom, "get_one", lambda **key: next(errors))
    monkeypatch.setattr(notifications, "KEEP_ERROR_SECONDS", 5)
    run_failed("demo_bot", context())
    [mail] = mailbox.wait_for(1)
    assert "Binder Error" in body(mail, "plain")


@pytest.mark.usefixtures("warehouse")
def test_many_failures_are_counted_and_a_task_without_an_error_is_said_to_have_none(
    mailbox: Mailbox, states: dict[str, str]
) -> None:
    states.update({f"dbt.models.chat.marts.m{number}.test": "failed" for number in range(20)})
    run_failed("demo_bot", context())
    [mail] = mailbox.wait_for(1)
    text = body(mail, "plain")
    assert text.count("* tests of m") == notifications.FAILURES
    assert "... and 11 more." in text
    assert "It ended without saying why" in text


@pytest.mark.usefixtures("warehouse")
def test_shares_that_failed_are_named_by_number_after_the_task_that_the_run_failed_for(
    mailbox: Mailbox, states: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    states.clear()
    states.update(share_out="success", prepare_2="failed", prepare_10="failed", prepare_0="success", unpack="failed")
    errors = {("unpack", None): "the disk is full", ("prepare", 2): "share of 2", ("prepare", 10): "share of 10"}
    monkeypatch.setattr(XCom, "get_one", lambda **key: errors.get((key["task_id"], key["map_index"])))
    run_failed("demo_bot", context())
    [mail] = mailbox.wait_for(1)
    assert mail["Subject"].endswith("has failed: unpack")
    text = body(mail, "plain")
    unpack = ("* unpack", "the disk is full", "/tasks/unpack\n")
    second = ("* prepare [2]", "share of 2", "/tasks/prepare/mapped/2\n")
    tenth = ("* prepare [10]", "share of 10", "/tasks/prepare/mapped/10\n")
    places = [text.index(part) for part in (*unpack, *second, *tenth)]
    assert places == sorted(places)


@pytest.mark.usefixtures("warehouse")
def test_a_run_that_took_too_long_is_said_to_have(mailbox: Mailbox, states: dict[str, str]) -> None:
    states.update(dict.fromkeys(states, "skipped"))
    run_failed("demo_bot", context(reason="timed_out"))
    [mail] = mailbox.wait_for(1)
    assert mail["Subject"] == "[parley dev] chat_demo_bot has failed"
    assert "took too long" in body(mail, "plain")


@pytest.mark.usefixtures("states", "warehouse")
def test_the_mail_goes_even_when_airflow_does_not_say_what_failed(
    mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(RuntimeTaskInstance, "get_task_states")
    run_failed("demo_bot", context())
    [mail] = mailbox.wait_for(1)
    assert mail["Subject"] == "[parley dev] chat_demo_bot has failed"


@pytest.mark.usefixtures("states")
def test_a_busy_warehouse_does_not_hold_up_the_mail(
    mailbox: Mailbox, warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notifications, "WAREHOUSE_SECONDS", 0.2)
    add_load(warehouse, "17.5")
    assert warehouse.path is not None
    with held(warehouse.path, seconds=60):
        run_failed("demo_bot", context())
    [mail] = mailbox.wait_for(1)
    assert "the warehouse is in use" in body(mail, "plain")


@pytest.mark.usefixtures("states")
@pytest.mark.parametrize("kind", ["postgres", "redshift"])
def test_nor_does_a_silent_one(mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    with silent_server() as port:
        for name, value in {**SERVER, "WAREHOUSE": kind, "PG_HOST": "127.0.0.1", "PG_PORT": str(port)}.items():
            monkeypatch.setenv(name, value)
        started = time.monotonic()
        run_failed("demo_bot", context())
        # The dag-processor ends a callback after 50 seconds.
        assert time.monotonic() - started < 20
    [mail] = mailbox.wait_for(1)
    text = body(mail, "plain")
    assert "Binder Error" in text
    assert f"Which loads wait is not known: Cannot connect to {kind}" in text
    assert SERVER["PG_PASSWORD"] not in text


def missed(run_type: str = "scheduled") -> dict[str, Any]:
    """What the scheduler passes to the triggerer when a deadline is missed."""
    return {
        "dag_run": {"dag_id": DAG_ID, "dag_run_id": RUN_ID, "run_type": run_type},
        "deadline": {"id": "1", "deadline_time": datetime(2026, 1, 5, 8, tzinfo=UTC)},
    }


@pytest.mark.parametrize(("state", "says"), [("running", "2 of its 5 tasks are done"), ("success", "succeeded since")])
def test_a_run_that_is_late_is_mailed(  # noqa: PLR0917
    warehouse: Warehouse,
    mailbox: Mailbox,
    states: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
    state: str,
    says: str,
) -> None:
    add_load(warehouse, "17.5")
    states[SESSIONS] = "running"
    monkeypatch.setattr(RuntimeTaskInstance, "get_dagrun_state", lambda dag_id, run_id: state)
    asyncio.run(deadline_missed(pipeline_name="demo_bot", context=missed()))
    [mail] = mailbox.wait_for(1)
    assert mail["Subject"] == "[parley dev] chat_demo_bot has missed its deadline, 08:00 UTC"
    text = body(mail, "plain")
    assert "was not done at 08:00 UTC on 2026-01-05" in text
    assert says in text
    assert "At work: model sessions." in text
    assert "17.5, arrived" in text


@pytest.mark.parametrize(
    ("run_type", "state"), [("scheduled", "failed"), ("manual", "running"), ("backfill", "running")]
)
@pytest.mark.usefixtures("states", "warehouse")
def test_a_run_that_has_failed_already_or_has_no_deadline_is_not_mailed_again(
    mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch, run_type: str, state: str
) -> None:
    monkeypatch.setattr(RuntimeTaskInstance, "get_dagrun_state", lambda dag_id, run_id: state)
    asyncio.run(deadline_missed(pipeline_name="demo_bot", context=missed(run_type)))
    assert mailbox.mails == []


@pytest.mark.usefixtures("warehouse")
def test_a_recovery_is_mailed_once(
    mailbox: Mailbox, states: dict[str, str], variables: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ALERT_ON_RECOVERY", "true")
    run_failed("demo_bot", context())
    states.update(wait_for_loads="skipped")
    run_succeeded("demo_bot", context())
    assert len(mailbox.mails) == 1, "a run that did nothing is no recovery"
    states.update(dict.fromkeys(states, "success"))
    run_succeeded("demo_bot", context())
    run_succeeded("demo_bot", context())
    [_, mail] = mailbox.mails
    assert mail["Subject"] == "[parley dev] chat_demo_bot works again"
    assert "No load waits any more." in body(mail, "html")
    assert variables == {}


@pytest.mark.usefixtures("warehouse", "variables")
@pytest.mark.parametrize("wanted", ["true", "false"])
def test_a_run_without_new_data_is_mailed_when_that_is_wanted(
    mailbox: Mailbox, states: dict[str, str], monkeypatch: pytest.MonkeyPatch, wanted: str
) -> None:
    monkeypatch.setenv("ALERT_ON_NO_DATA", wanted)
    states.update(dict.fromkeys(states, "skipped"))
    run_succeeded("demo_bot", context())
    assert [mail["Subject"] for mail in mailbox.mails] == ["[parley dev] chat_demo_bot found no new data"] * (
        wanted == "true"
    )


@pytest.mark.usefixtures("states", "warehouse", "mailbox")
def test_a_server_that_does_not_answer_is_given_up_soon(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("parley.mail.TIMEOUT_SECONDS", 1)
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        monkeypatch.setenv("SMTP_PORT", str(silent.getsockname()[1]))
        started = time.monotonic()
        run_failed("demo_bot", context())
        assert time.monotonic() - started < 10
    assert "was not mailed through 127.0.0.1" in caplog.text


@pytest.mark.usefixtures("states", "warehouse")
def test_a_server_that_is_down_or_refuses_is_logged(
    mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    mailbox.refuse = True
    run_failed("demo_bot", context())
    assert "Try again later" in caplog.text
    caplog.clear()
    monkeypatch.setenv("SMTP_PORT", "1")
    run_failed("demo_bot", context())
    assert "Connection refused" in caplog.text
    assert mailbox.mails == []


def test_nobody_to_mail_means_no_callbacks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ALERT_EMAIL_TO", raising=False)
    assert callbacks(get_pipeline("demo_bot"), deadline=timedelta(hours=1)) == notifications.Callbacks()


@pytest.mark.usefixtures("mailbox")
def test_the_deadline_is_that_long_after_the_scheduled_time(monkeypatch: pytest.MonkeyPatch) -> None:
    found = callbacks(get_pipeline("demo_bot"), deadline=timedelta(hours=1))
    assert found.deadline is not None
    assert found.deadline.interval == timedelta(hours=1)
    assert found.deadline.callback.path == "parley.notifications.deadline_missed"
    assert found.on_success is None
    monkeypatch.setenv("ALERT_ON_NO_DATA", "true")
    assert callbacks(get_pipeline("demo_bot")).on_success is not None


def test_a_wrong_setting_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALERT_EMAIL_TO", "ops@example.com;nobody")
    with pytest.raises(ConfigurationError, match="ALERT_EMAIL_TO has 'nobody'"):
        callbacks(get_pipeline("demo_bot"))


def test_a_task_that_fails_leaves_the_first_lines_of_its_error(caplog: pytest.LogCaptureFixture) -> None:
    kept: dict[str, str] = {}
    ti: Any = SimpleNamespace(xcom_push=lambda key, value: kept.update({key: value}))
    keep_error({"ti": ti, "exception": ValueError("\n".join(["why", *"abcdefghijklmnop"]))})  # type: ignore[typeddict-item,typeddict-unknown-key]
    assert kept["error"].splitlines()[:2] == ["why", "a"]
    assert len(kept["error"].splitlines()) == notifications.ERROR_LINES
    with caplog.at_level(logging.INFO):
        keep_error(context())
    assert "in the log alone" in caplog.text
