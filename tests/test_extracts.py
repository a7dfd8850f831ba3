"""The file of an extract: what is read is what was written."""

from __future__ import annotations

import gzip
import json
import math
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from parley import extracts, published, settings
from parley.extracts import Counts, Extract, LoadFacts, file_name, read_extract, write_extract
from parley.loads import Load

NOW = datetime(2026, 1, 31, 7, 30, tzinfo=UTC)


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "STATE", tmp_path)


def test_what_is_read_is_what_was_written() -> None:
    extract = Extract(
        NOW,
        [
            LoadFacts(Load("1", NOW, None)),
            LoadFacts(Load("2", NOW, NOW), ("a", "b"), Counts(3, 7, {"not JSON": 2})),
        ],
        {"daily": [{"day": "2026-01-30", "sessions": 3}], "empty": []},
        {"attribution": "It has not been built yet."},
    )
    write_extract("shop", extract)
    assert read_extract("shop") == extract


def test_what_a_warehouse_gives_becomes_what_json_holds() -> None:
    row = {"day": date(2026, 1, 30), "sum": Decimal("12.50"), "whole": Decimal(3), "average": math.nan}
    write_extract("shop", Extract(NOW, [], {"daily": [row]}))
    extract = read_extract("shop")
    assert extract
    assert extract.datasets["daily"] == [{"day": "2026-01-30", "sum": 12.5, "whole": 3, "average": None}]


def test_there_is_none_before_the_first() -> None:
    assert read_extract("shop") is None


def test_the_newest_is_read() -> None:
    for number in (1, 2):
        write_extract("shop", Extract(NOW, [], {"daily": [{"day": "2026-01-30", "sessions": number}]}))
        extract = read_extract("shop")
        assert extract
        assert extract.datasets["daily"][0]["sessions"] == number


def test_only_the_newest_stays_in_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(extracts, "_newest", {})
    for number in (1, 2):
        write_extract("shop", Extract(NOW, [], {"daily": [{"day": "2026-01-30", "sessions": number}]}))
        first = read_extract("shop")
        assert read_extract("shop") is first
    assert [extract for _, extract in extracts._newest.values()] == [first]


def test_names_of_columns_are_kept_once() -> None:
    rows = [{"day": "2026-01-30", "a_long_name": number} for number in range(1000)]
    write_extract("shop", Extract(NOW, [], {"daily": rows}))
    content = json.loads(gzip.decompress(published.read(file_name("shop")) or b""))
    assert content["datasets"]["daily"]["columns"] == ["day", "a_long_name"]
