"""The steps of a run that are not dbt's."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from parley.operators import UnpackModelsOperator, wait_for_warehouse
from parley.warehouse import Warehouse
from tests.test_warehouse import held


def test_dbt_starts_when_the_warehouse_is_free_and_the_log_says_who_held_it(
    warehouse: Warehouse, caplog: pytest.LogCaptureFixture
) -> None:
    context: Any = {}
    assert warehouse.path is not None
    with held(warehouse.path, seconds=1.5) as pid, caplog.at_level(logging.WARNING):
        wait_for_warehouse(context)
    assert f"(PID {pid})" in caplog.text


@pytest.mark.usefixtures("warehouse")
def test_the_models_of_a_bot_land_once() -> None:
    context: Any = {}
    operator = UnpackModelsOperator(task_id="unpack_models", pipeline_name="demo_bot")
    first, second = operator.execute(context), operator.execute(context)
    assert (first["landed"], second["load_id"], second["repeated"]) == (3, None, 3)
