"""Input that is unlike any other lands, is set aside or is named; it does not stop a load without a word."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from parley.errors import UnpackError
from parley.pipelines import bot
from parley.unpack.domains import unpack_new
from parley.warehouse import Warehouse

BOT = bot("demo_bot", source="unused")
SCHEMA = BOT.raw_schema


def event(**more: Any) -> str:
    return json.dumps({"sender_id": "ada", "event": "user", "timestamp": 1704722742.5, **more}) + "\n"


def test_large_texts_land(warehouse: Warehouse, tmp_path: Path) -> None:
    images = (f"{number:06}" + "x" * 300_000 for number in range(300))
    lines = [event(metadata={"image": image}) for image in images]
    (tmp_path / "images.ndjson").write_text("".join(lines))
    assert unpack_new(BOT, warehouse, str(tmp_path / "images.ndjson")).landed == 300
    with warehouse.connect() as connection:
        [[size]] = connection.query(f"select sum(length(metadata__image)) from {SCHEMA}.event_user")
    assert size == 300 * 300_006


def test_half_a_surrogate_pair_in_the_name_of_a_conversation_is_replaced(warehouse: Warehouse, tmp_path: Path) -> None:
    dump = json.dumps({"name": "ada \ud800", "events": [{"event": "restart", "timestamp": 1704722742.5}]})
    (tmp_path / "in.ndjson").write_text(event() + dump)
    assert unpack_new(BOT, warehouse, str(tmp_path / "in.ndjson")).landed == 2
    with warehouse.connect() as connection:
        assert connection.query(f"select sender_id from {SCHEMA}.event_restart") == [("ada \ufffd",)]


@pytest.mark.parametrize("depth", [1_000, 1_020, 2_000])
def test_a_document_that_is_nested_too_deeply_is_set_aside(warehouse: Warehouse, tmp_path: Path, depth: int) -> None:
    deep = event()[:-2] + ', "deep": ' + '{"a": ' * depth + "1" + "}" * depth + "}\n"
    (tmp_path / "in.ndjson").write_text(event() + deep)
    result = unpack_new(BOT, warehouse, str(tmp_path / "in.ndjson"))
    assert result.landed == 1
    assert all("nested too deeply" in reason for reason in result.set_aside)
    assert result.set_aside.total() == 1
    (tmp_path / "again.ndjson").write_text(deep)
    with pytest.raises(UnpackError, match=r"again\.ndjson, line 1: .*nested too deeply"):
        unpack_new(BOT, warehouse, str(tmp_path / "again.ndjson"), strict=True)


def test_a_file_whose_name_is_not_unicode_is_named(warehouse: Warehouse, tmp_path: Path) -> None:
    file = tmp_path / os.fsdecode(b"gespr\xe4che.ndjson")
    file.write_text(event())
    for source in (tmp_path, file):
        with pytest.raises(UnpackError, match=r"gespr\\udce4che\.ndjson is not in UTF-8"):
            unpack_new(BOT, warehouse, str(source))
