"""A source that is shared out comes to the same tables as one that a single task reads."""

from __future__ import annotations

import json
import logging
import os
import random
from pathlib import Path
from typing import Any

import pytest

from parley.errors import ConfigurationError, UnpackError
from parley.unpack import landing, shares
from parley.unpack.contract import Contract
from parley.unpack.engine import unpack
from parley.unpack.landing import Result
from parley.unpack.parts import Parts
from parley.unpack.rasa import RASA
from parley.unpack.rudderstack import RUDDERSTACK
from parley.unpack.shares import Share, prepare_share, share_out
from parley.unpack.sources import DocumentFiles, File
from parley.warehouse import Warehouse

from .test_against_dlt import SCHEMA, tables
from .test_workers import counts, nasty_events

RUN = "scheduled__2026-01-05"


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Small chunks, shares of one file, and state in a folder of the test."""
    monkeypatch.setattr(landing, "RECORDS_AT_ONCE", 7)
    monkeypatch.setattr(shares, "MEGABYTE", 1)
    monkeypatch.setenv("UNPACK_SHARE_MB", "1")
    monkeypatch.setattr("parley.settings.STATE", tmp_path / "state")
    monkeypatch.setenv("DLT_DATA_DIR", str(tmp_path / "dlt"))


def write(folder: Path, seed: int, files: int = 4, name: str = "events") -> Path:
    """Nasty events, some of them twice and some of them bad, in several files."""
    folder.mkdir(exist_ok=True)
    records = nasty_events(seed)
    for number in range(files):
        lines = "".join(f"{record.text}\n" for record in records[number::files])
        (folder / f"{name}{number}.ndjson").write_text(lines)
    return folder


def warehouse(tmp_path: Path, name: str) -> Warehouse:
    return Warehouse("duckdb", path=tmp_path / f"{name}.duckdb")


def read(folder: Path, contract: Contract = RASA) -> DocumentFiles:
    source = contract.read(str(folder))
    assert isinstance(source, DocumentFiles)
    return source


def shared(folder: Path, into: Warehouse, contract: Contract = RASA) -> tuple[list[Share], Parts]:
    """Share a source out and prepare all shares, the last one first."""
    parts = shares.parts_of(SCHEMA, RUN)
    found = share_out(read(folder, contract), SCHEMA, contract, into, parts)
    for share in reversed(found):
        prepare_share(read(folder, contract), share, contract, parts)
    return found, parts


def land(folder: Path, into: Warehouse, parts: Parts | None = None, contract: Contract = RASA) -> Result:
    return unpack(read(folder, contract), SCHEMA, contract, into, parts=parts.read() if parts else ())


def content(of: Warehouse) -> tuple[dict[str, Any], list[Any]]:
    found = tables(of)
    with of.connect() as connection:
        quarantine = connection.query(f"select * exclude (_load_id) from {SCHEMA}.quarantine")
    return found, sorted(quarantine)


@pytest.mark.parametrize("seed", range(2))
def test_the_tables_are_those_of_one_task_in_a_first_load_and_in_one_on_top(seed: int, tmp_path: Path) -> None:
    alone, together = warehouse(tmp_path, "alone"), warehouse(tmp_path, "together")
    source = write(tmp_path / "source", seed)
    for name in ("first", "second"):
        expected = land(source, alone)
        found, parts = shared(source, together)
        assert len(found) == 4
        assert counts(land(source, together, parts)) == counts(expected), name
        assert content(together) == content(alone)
        write(source, seed + 17, name="more")


def test_what_is_prepared_is_not_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    into = warehouse(tmp_path, "w")
    source = tmp_path / "source"
    source.mkdir()
    for number in range(3):
        event = {"event": "undo", "sender_id": "a", "timestamp": 1_700_000_000 + number}
        (source / f"{number}.ndjson").write_text(json.dumps(event))
    _, parts = shared(source, into)
    with monkeypatch.context() as patch:
        patch.setattr(File, "open", lambda self: pytest.fail(f"{self.place} was read"))
        assert land(source, into, parts).landed == 3
    assert share_out(read(source), SCHEMA, RASA, into, parts) == []
    assert land(source, into).unchanged_files == 3


def test_a_chunk_whose_columns_have_got_other_types_meanwhile_is_read_again(tmp_path: Path) -> None:
    """The tasks do not know of one another: each takes the type of what it sees first."""
    into = warehouse(tmp_path, "w")
    source = tmp_path / "source"
    source.mkdir()
    for number, value in enumerate(["text", 17, 0.5]):
        event = {"event": "undo", "sender_id": "a", "timestamp": 1_700_000_000 + number, "x": value}
        (source / f"{number}.ndjson").write_text(json.dumps(event))
    _, parts = shared(source, into)
    land(source, into, parts)
    with into.connect() as connection:
        assert connection.query(f"select x from {SCHEMA}.event_undo order by _pos") == [("text",), ("17",), ("0.5",)]


@pytest.mark.parametrize("together", [1, 2], ids=["alone", "behind another in its share"])
def test_a_file_that_has_changed_since_it_was_prepared_is_read(
    together: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    into = warehouse(tmp_path, "w")
    source = write(tmp_path / "source", 1)
    monkeypatch.setenv("UNPACK_SHARE_MB", str((source / "events0.ndjson").stat().st_size + 1 if together > 1 else 1))
    found, parts = shared(source, into)
    assert len(found[0]["files"]) == together
    with (source / "events1.ndjson").open("a") as file:
        file.write(json.dumps({"event": "undo", "sender_id": "late", "timestamp": 1_700_000_000}))
    assert land(source, into, parts).landed == 151
    alone = warehouse(tmp_path, "alone")
    land(source, alone)
    assert content(into) == content(alone)


def test_a_file_that_was_replaced_without_a_trace_lands_nothing_rather_than_something_else(tmp_path: Path) -> None:
    into = warehouse(tmp_path, "w")
    source = tmp_path / "source"
    source.mkdir()
    event = {"event": "undo", "sender_id": "a", "timestamp": 1_700_000_000, "x": "text"}
    for number in range(2):
        (source / f"{number}.ndjson").write_text(json.dumps({**event, "x": ["text", 17][number]}))
    _, parts = shared(source, into)
    last = source / "1.ndjson"
    times = last.stat()
    last.write_text(json.dumps({**event, "x": 18}))
    os.utime(last, ns=(times.st_atime_ns, times.st_mtime_ns))
    with pytest.raises(UnpackError, match=r"1\.ndjson has changed while it was read. Nothing was landed"):
        land(source, into, parts)


@pytest.mark.fault("a task that prepares a share of a large input dies", "the same run, which reads these files itself")
def test_a_part_that_is_missing_or_was_never_whole_is_read(tmp_path: Path) -> None:
    into, alone = warehouse(tmp_path, "w"), warehouse(tmp_path, "alone")
    source = write(tmp_path / "source", 1)
    _, parts = shared(source, into)
    first, second, *_ = sorted((tmp_path / "state" / "parts").rglob("*.part"))
    first.unlink()
    second.rename(second.with_name(f"{second.name}.incomplete"))
    assert len(parts.read()) == 2
    assert counts(land(source, into, parts)) == counts(land(source, alone))
    assert content(into) == content(alone)


def test_shares_have_about_the_size_that_is_set_and_a_compressed_file_counts_as_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = tmp_path / "source"
    source.mkdir()
    for name in ("0", "1", "2", "3", "4", "5", "8"):
        (source / f"{name}.ndjson").write_text("x" * 10)
    (source / "7.ndjson.gz").write_text("x" * 10)
    monkeypatch.setenv("UNPACK_SHARE_MB", "25")

    def files() -> list[list[str]]:
        found = share_out(read(source), SCHEMA, RASA, warehouse(tmp_path, "w"), Parts(str(tmp_path / "parts")))
        return [[place for place, _ in share["files"]] for share in found]

    assert files() == [
        ["0.ndjson", "1.ndjson", "2.ndjson"],
        ["3.ndjson", "4.ndjson", "5.ndjson"],
        ["7.ndjson.gz"],
        ["8.ndjson"],
    ]
    monkeypatch.setattr(shares, "MOST_SHARES", 2)
    assert len(files()) == 2
    for nothing in ("0", "1000"):
        monkeypatch.setenv("UNPACK_SHARE_MB", nothing)
        assert files() == []
    monkeypatch.setenv("UNPACK_SHARE_MB", "much")
    with pytest.raises(ConfigurationError, match="UNPACK_SHARE_MB is 'much'"):
        files()


def test_tasks_that_reach_different_folders_are_told_so(tmp_path: Path) -> None:
    source = write(tmp_path / "source", 1)
    share, *_ = share_out(read(source), SCHEMA, RASA, warehouse(tmp_path, "w"), Parts(str(tmp_path / "one")))
    with pytest.raises(UnpackError, match="Set UNPACK_PARTS to one that all tasks reach"):
        prepare_share(read(source), share, RASA, Parts(str(tmp_path / "other")))


def test_parts_may_be_in_a_bucket(
    bucket: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("UNPACK_PARTS", "s3://parley/parts")

    def keys() -> list[str]:
        found = bucket.list_objects_v2(Bucket="parley").get("Contents", [])
        return [item["Key"].rpartition("/")[2] for item in found]

    into = warehouse(tmp_path, "w")
    source = write(tmp_path / "source", 1)
    _, parts = shared(source, into)
    assert keys() == ["0000.part", "0001.part", "0002.part", "0003.part", "types.json"]
    with caplog.at_level(logging.INFO):
        assert land(source, into, parts).landed == 150
    assert caplog.text.count("Taking what was prepared of 1 files from parley/parts") == 4
    parts.remove()
    assert keys() == []


def test_the_shops_events_are_shared_out_too(tmp_path: Path) -> None:
    chance = random.Random(1)
    source = tmp_path / "source"
    source.mkdir()
    for number in range(3):
        calls = [
            {
                "type": "track",
                "event": chance.choice(["Product Added", "Order Refunded"]),
                "messageId": f"{number}-{message}",
                "anonymousId": "a",
                "timestamp": "2024-01-08T14:05:42Z",
                "properties": {"price": chance.choice([1, 2.5]), "products": [{"id": message}]},
            }
            for message in range(20)
        ]
        (source / f"{number}.ndjson").write_text("\n".join(map(json.dumps, calls)))
    alone, together = warehouse(tmp_path, "alone"), warehouse(tmp_path, "together")
    land(source, alone, contract=RUDDERSTACK)
    _, parts = shared(source, together, RUDDERSTACK)
    assert land(source, together, parts, RUDDERSTACK).landed == 60
    assert content(together) == content(alone)
