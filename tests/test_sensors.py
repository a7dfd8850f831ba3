"""Waiting for new loads, with a warehouse that is empty, busy, or has some."""

from __future__ import annotations

import asyncio
import time
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.sdk.exceptions import (
    AirflowFailException,
    AirflowRescheduleException,
    AirflowSkipException,
    TaskDeferred,
)
from airflow.sdk.execution_time.task_runner import RuntimeTaskInstance

from parley.errors import WarehouseUnreachableError
from parley.sensors import NewLoadsSensor
from parley.triggers import NewLoadsTrigger
from parley.warehouse import Warehouse
from tests.test_warehouse import held


def add_load(warehouse: Warehouse, load_id: str, arrived: str = "now") -> None:
    with warehouse.connect() as connection:
        connection.query("create schema if not exists demo_bot_event")
        connection.query(
            "create table if not exists demo_bot_event._loads (load_id varchar, schema_name varchar, status bigint,"
            " inserted_at timestamptz, schema_version_hash varchar)"
        )
        connection.query(
            "insert into demo_bot_event._loads values (%s, 's', 0, %s, 'v')",
            [load_id, datetime.now(UTC) if arrived == "now" else datetime.fromisoformat(arrived).replace(tzinfo=UTC)],
        )


async def first_event(trigger: NewLoadsTrigger) -> Any:
    async for event in trigger.run():
        return event.payload
    return None


def sensor(pipeline_name: str = "demo_bot") -> NewLoadsSensor:
    return NewLoadsSensor(
        task_id="wait_for_loads",
        pipeline_name=pipeline_name,
        last_task_id="mark_loads",
        give_up_after=timedelta(minutes=50),
    )


def context(
    run_type: str, logical_date: datetime | None = None, minutes_ago: float = 0, try_number: int = 1, **params: Any
) -> Any:
    run = SimpleNamespace(
        dag_id="chat_demo_bot",
        run_id="this",
        run_type=run_type,
        logical_date=logical_date,
        start_date=datetime.now(UTC) - timedelta(minutes=minutes_ago),
    )
    return {"dag_run": run, "params": params, "ti": SimpleNamespace(try_number=try_number)}


@pytest.fixture(autouse=True)
def runs(monkeypatch: pytest.MonkeyPatch) -> dict[str, tuple[str, str | None, str | None]]:
    """The runs that Airflow knows: the state of each, of its sensor and of its last task. To be changed by a test."""
    runs: dict[str, tuple[str, str | None, str | None]] = {"this": ("running", "running", None)}

    def count(
        dag_id: str, logical_dates: None = None, run_ids: list[str] | None = None, states: list[str] | None = None
    ) -> int:
        return sum(run in (run_ids or runs) and state in (states or ()) for run, (state, _, _) in runs.items())

    def task_states(dag_id: str, task_ids: list[str]) -> dict[str, dict[str, str | None]]:
        return {run: dict(zip(task_ids, states, strict=True)) for run, (_, *states) in runs.items()}

    monkeypatch.setattr(RuntimeTaskInstance, "get_dr_count", count)
    monkeypatch.setattr(RuntimeTaskInstance, "get_task_states", task_states)
    return runs


@pytest.mark.parametrize(
    ("state", "waited", "marked", "is_at_work"),
    [
        ("running", "success", None, True),
        ("running", "success", "up_for_retry", True),
        ("running", "success", "success", False),
        ("running", "running", None, True),
        ("running", "deferred", None, False),
        ("failed", "success", None, False),
        ("running", "success", "upstream_failed", False),
    ],
)
def test_one_run_works_at_a_time(  # noqa: PLR0917
    warehouse: Warehouse,
    runs: dict[str, tuple[str, str | None, str | None]],
    state: str,
    waited: str,
    marked: str | None,
    is_at_work: bool,
) -> None:
    add_load(warehouse, "17.5", "2026-01-05 06:00")
    runs["third"] = ("running", "up_for_reschedule", None)
    runs["other"] = (state, waited, marked)
    for asked in (
        context("scheduled"),
        context("manual", full_refresh=True),
        context("backfill", datetime(2026, 1, 5, 7, tzinfo=UTC)),
    ):
        with pytest.raises(AirflowRescheduleException) if is_at_work else nullcontext():
            sensor().execute(asked)


def test_new_loads_let_the_run_go_on_at_once(warehouse: Warehouse) -> None:
    add_load(warehouse, "17.5")
    assert sensor().execute(context("scheduled")) == []


@pytest.mark.parametrize("run_type", ["scheduled", "manual"])
def test_a_run_that_was_cleared_works_on_its_loads_again(warehouse: Warehouse, run_type: str) -> None:
    add_load(warehouse, "17.5")
    assert sensor().execute(context(run_type, try_number=2)) == []
    with warehouse.connect() as connection:
        connection.query(
            "insert into demo_bot_event._loads select load_id, 's', 1, inserted_at, 'v' from demo_bot_event._loads"
        )
        connection.query("create schema demo_bot_staging")
        connection.query("create table demo_bot_staging.chat_load_ids as select 'this' as run_id, '17.5' as load_id")
    assert sensor().execute(context(run_type, try_number=2)) == []
    for without_pin in (context(run_type, minutes_ago=51), context(run_type, minutes_ago=51, try_number=2)):
        without_pin["dag_run"].run_id = "other"
        with pytest.raises(AirflowSkipException):
            sensor().execute(without_pin)


def test_a_run_works_on_the_loads_it_was_asked_for(warehouse: Warehouse) -> None:
    for load_id in ("17.5", "18.5", "19.5"):
        add_load(warehouse, load_id)
    assert sensor().execute(context("manual", load_ids=["19.5", "17.5 "])) == ["17.5", "19.5"]
    today = datetime.now(UTC).date()
    assert sensor().execute(context("manual", loads_from=str(today))) == ["17.5", "18.5", "19.5"]
    with pytest.raises(
        AirflowSkipException, match=f"No loads of demo_bot arrived in {today + timedelta(days=1)} 00:00"
    ):
        sensor().execute(context("manual", loads_from=str(today + timedelta(days=1))))
    assert sensor().execute(context("manual", full_refresh=True)) == []


def test_a_backfill_of_a_date_works_on_the_loads_that_arrived_since_the_time_before(warehouse: Warehouse) -> None:
    for load_id, arrived in (("1", "2026-01-04 18:00"), ("2", "2026-01-04 18:01"), ("3", "2026-01-05 07:00")):
        add_load(warehouse, load_id, arrived)
    seven = datetime(2026, 1, 5, 7, tzinfo=UTC)
    assert sensor().execute(context("backfill", seven)) == ["1", "2"]
    assert sensor().execute(context("backfill", seven + timedelta(hours=11))) == ["3"]
    with pytest.raises(AirflowSkipException):
        sensor().execute(context("backfill", seven + timedelta(days=1)))


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"load_ids": ["17.5", "nonsense"]}, "There is no load nonsense. The latest are: 17.5"),
        ({"load_ids": ["17.5"], "full_refresh": True}, "Set only one of load_ids, full_refresh"),
        ({"load_ids": ["17.5"], "loads_to": "2026-01-01"}, "Set only one of load_ids, loads_from and loads_to"),
        ({"loads_from": "2026-02-01", "loads_to": "2026-01-01"}, r"loads_from \(2026-02-01\) is after loads_to"),
        ({"loads_to": "9999-12-31"}, "loads_to is '9999-12-31', the last day that there is. Give an earlier one"),
        ({"loads_from": "yesterday"}, "loads_from is 'yesterday'. Give a day"),
    ],
)
def test_what_cannot_be_done_is_refused_before_anything_runs(
    warehouse: Warehouse, params: dict[str, Any], message: str
) -> None:
    add_load(warehouse, "17.5")
    with pytest.raises(AirflowFailException, match=message):
        sensor().execute(context("manual", **params))


@pytest.mark.usefixtures("warehouse")
def test_a_full_refresh_of_nothing_is_skipped() -> None:
    with pytest.raises(AirflowSkipException, match="no loads yet"):
        sensor().execute(context("manual", full_refresh=True))


@pytest.mark.usefixtures("warehouse")
def test_without_new_loads_a_scheduled_run_waits_in_the_triggerer() -> None:
    with pytest.raises(TaskDeferred) as deferred:
        sensor().execute(context("scheduled", minutes_ago=20))
    trigger = deferred.value.trigger
    assert isinstance(trigger, NewLoadsTrigger)
    assert trigger.give_up_at - time.time() == pytest.approx(30 * 60, abs=5)
    assert deferred.value.timeout > timedelta(minutes=50)


@pytest.mark.usefixtures("warehouse")
def test_a_sensor_that_starts_again_does_not_wait_anew() -> None:
    with pytest.raises(AirflowSkipException, match="No new loads of demo_bot within 0:50:00"):
        sensor().execute(context("scheduled", minutes_ago=51))


@pytest.mark.usefixtures("warehouse")
def test_without_new_loads_a_run_by_hand_is_skipped_at_once() -> None:
    with pytest.raises(AirflowSkipException, match="No new loads of demo_bot"):
        sensor().execute(context("manual"))


@pytest.mark.parametrize("params", [{}, {"full_refresh": True}, {"loads_from": "2026-01-01"}])
def test_a_run_by_hand_registers_what_rudderstack_has_written(
    warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch, params: dict[str, Any]
) -> None:
    monkeypatch.setenv("RS_SCHEMA", "rudder")
    monkeypatch.setenv("RS_LOAD_TIMESTAMP", "loaded_at")
    with warehouse.connect() as connection:
        connection.query("create schema rudder")
        connection.query("create table rudder.tracks as select timestamptz '2026-01-05 06:00:00+00' as loaded_at")
    loads = sensor("ecommerce").execute(context("manual", **params))
    with warehouse.connect() as connection:
        [(load_id,)] = connection.query("select load_id from rudder._loads")
    assert load_id == "2026-01-05 06:00:00.000000"
    assert loads == ([load_id] if "loads_from" in params else [])


def test_a_run_by_hand_waits_for_a_busy_warehouse(warehouse: Warehouse) -> None:
    """Were it skipped instead, this would raise."""
    add_load(warehouse, "17.5")
    assert warehouse.path is not None
    with held(warehouse.path, seconds=1):
        assert sensor().execute(context("manual")) == []


def test_time_out_skips_the_run() -> None:
    with pytest.raises(AirflowSkipException, match="No new loads of demo_bot within 0:50:00"):
        sensor().execute_complete(context("scheduled"), {"load_ids": []})


def test_the_trigger_fires_when_a_load_lands(warehouse: Warehouse) -> None:
    async def scenario() -> Any:
        waiting = asyncio.create_task(first_event(NewLoadsTrigger("demo_bot", 0.1, time.time() + 60)))
        await asyncio.sleep(0.5)
        assert not waiting.done()
        await asyncio.to_thread(add_load, warehouse, "17.5")
        return await asyncio.wait_for(waiting, 10)

    assert asyncio.run(scenario()) == {"load_ids": ["17.5"]}


@pytest.mark.usefixtures("warehouse")
def test_the_trigger_gives_up_in_time() -> None:
    assert asyncio.run(first_event(NewLoadsTrigger("demo_bot", 0.1, time.time() + 0.3))) == {"load_ids": []}


def test_a_busy_warehouse_is_asked_again(warehouse: Warehouse) -> None:
    add_load(warehouse, "17.5")
    assert warehouse.path is not None
    with held(warehouse.path, seconds=1):
        event = asyncio.run(first_event(NewLoadsTrigger("demo_bot", 0.2, time.time() + 30)))
    assert event == {"load_ids": ["17.5"]}


def test_a_warehouse_that_is_away_for_a_while_is_asked_again(warehouse: Warehouse) -> None:
    assert warehouse.path is not None
    warehouse.path.write_text("no database")

    async def scenario() -> Any:
        waiting = asyncio.create_task(first_event(NewLoadsTrigger("demo_bot", 0.1, time.time() + 60)))
        await asyncio.sleep(0.5)
        assert not waiting.done()
        assert warehouse.path is not None
        warehouse.path.unlink()
        await asyncio.to_thread(add_load, warehouse, "17.5")
        return await asyncio.wait_for(waiting, 10)

    assert asyncio.run(scenario()) == {"load_ids": ["17.5"]}


def test_one_that_is_away_until_the_end_is_no_lack_of_loads(warehouse: Warehouse) -> None:
    assert warehouse.path is not None
    warehouse.path.write_text("no database")
    started = time.monotonic()
    with pytest.raises(WarehouseUnreachableError):
        asyncio.run(first_event(NewLoadsTrigger("demo_bot", 0.1, time.time() + 0.5)))
    assert time.monotonic() - started > 0.5


def test_the_trigger_survives_its_way_through_the_database() -> None:
    trigger = NewLoadsTrigger("demo_bot", 2.0, 1e9)
    path, arguments = trigger.serialize()
    module, name = path.rsplit(".", 1)
    assert (module, name) == (NewLoadsTrigger.__module__, "NewLoadsTrigger")
    assert vars(NewLoadsTrigger(**arguments)).items() >= arguments.items()


def test_a_scheduled_run_waits_for_a_warehouse_that_is_away_until_time_is_up(monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_: Any) -> None:
        raise WarehouseUnreachableError("away")

    monkeypatch.setattr(Warehouse, "exists", away)
    for waits, when in (
        (True, context("scheduled")),
        (False, context("scheduled", minutes_ago=51)),
        (False, context("manual")),
    ):
        with pytest.raises(AirflowRescheduleException if waits else WarehouseUnreachableError):
            sensor().execute(when)
