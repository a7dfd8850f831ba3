"""Waiting for new loads, with a warehouse that is empty, busy, or has some."""

from __future__ import annotations

import asyncio
import time
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowSkipException, TaskDeferred

from parley.sensors import NewLoadsSensor
from parley.triggers import NewLoadsTrigger
from parley.warehouse import Warehouse
from tests.test_warehouse import held


def add_load(warehouse: Warehouse, load_id: str) -> None:
    with warehouse.connect() as connection:
        connection.query("create schema if not exists demo_bot_event")
        connection.query(
            "create table if not exists demo_bot_event._loads (load_id varchar, schema_name varchar, status bigint,"
            " inserted_at timestamptz, schema_version_hash varchar)"
        )
        connection.query("insert into demo_bot_event._loads values (%s, 's', 0, now(), 'v')", [load_id])


async def first_event(trigger: NewLoadsTrigger) -> Any:
    async for event in trigger.run():
        return event.payload
    return None


def sensor() -> NewLoadsSensor:
    return NewLoadsSensor(task_id="wait_for_loads", bot_name="demo_bot", give_up_after=timedelta(minutes=50))


def context(run_type: str) -> Any:
    return {"dag_run": SimpleNamespace(run_type=run_type)}


def test_new_loads_let_the_run_go_on_at_once(warehouse: Warehouse) -> None:
    add_load(warehouse, "17.5")
    assert sensor().execute(context("scheduled")) == ["17.5"]


@pytest.mark.usefixtures("warehouse")
def test_without_new_loads_a_scheduled_run_waits_in_the_triggerer() -> None:
    with pytest.raises(TaskDeferred) as deferred:
        sensor().execute(context("scheduled"))
    trigger = deferred.value.trigger
    assert isinstance(trigger, NewLoadsTrigger)
    assert trigger.give_up_at - time.time() == pytest.approx(50 * 60, abs=5)
    assert deferred.value.timeout > timedelta(minutes=50)


@pytest.mark.usefixtures("warehouse")
def test_without_new_loads_a_run_by_hand_is_skipped_at_once() -> None:
    with pytest.raises(AirflowSkipException, match="No new loads of demo_bot"):
        sensor().execute(context("manual"))


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


def test_the_trigger_survives_its_way_through_the_database() -> None:
    trigger = NewLoadsTrigger("demo_bot", 2.0, 1e9)
    path, arguments = trigger.serialize()
    module, name = path.rsplit(".", 1)
    assert (module, name) == (NewLoadsTrigger.__module__, "NewLoadsTrigger")
    assert vars(NewLoadsTrigger(**arguments)).items() >= arguments.items()
