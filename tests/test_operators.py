"""The steps of a run that are not dbt's."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import pytest

from parley import operators
from parley.errors import UnpackError
from parley.operators import PipelineOperator, UnpackModelsOperator, UnpackOperator, wait_for_warehouse
from parley.pipelines import bot
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


@pytest.mark.usefixtures("warehouse")
def test_what_was_set_aside_is_told_to_other_tasks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = tmp_path / "source"
    source.mkdir()
    (source / "events.ndjson").write_text('{"event": "restart"}\nnonsense\n{"event": "undo"}\n')
    monkeypatch.setattr(operators, "get_pipeline", lambda name: bot(name, source=str(source)))
    context: Any = {"run_id": "manual"}
    told = UnpackOperator(task_id="unpack", pipeline_name="helper").execute(context)
    assert told["landed"] == 0
    assert told["set_aside"]["no sender_id"] == 2
    assert sum(told["set_aside"].values()) == len(told["set_aside"]) + 1 == 3


@pytest.mark.usefixtures("warehouse")
def test_a_password_from_a_file_is_masked_before_anything_can_log_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BOT_PASSWORD", "")
    (tmp_path / "password").write_text("p$ecret\n")
    monkeypatch.setenv("BOT_PASSWORD_FILE", str(tmp_path / "password"))
    monkeypatch.setattr(operators, "get_pipeline", lambda name: bot(name, source="ftp://reader:$BOT_PASSWORD@host/"))
    masked: list[str] = []
    monkeypatch.setattr(operators, "mask_secret", masked.append)
    assert PipelineOperator(task_id="any", pipeline_name="helper").pipeline
    assert masked == ["p$ecret"]


@pytest.mark.usefixtures("warehouse")
def test_a_password_in_the_source_is_in_no_message(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BOT_PASSWORD", "p$ecret")
    there = bot("helper", source="ftp://reader:$BOT_PASSWORD@127.0.0.1:1/events")
    assert there.secrets() == ["p$ecret"]
    monkeypatch.setattr(operators, "get_pipeline", lambda name: there)
    context: Any = {"run_id": "manual"}
    with pytest.raises(UnpackError) as error:
        UnpackOperator(task_id="unpack", pipeline_name="helper").execute(context)
    assert "p$ecret" not in str(error.value)
