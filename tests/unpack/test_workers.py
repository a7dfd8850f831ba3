"""Processes that prepare records beside the one that lands them come to the same tables, and leave nothing behind."""

from __future__ import annotations

import json
import random
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from parley.errors import ConfigurationError, UnpackError
from parley.unpack import landing
from parley.unpack.engine import unpack
from parley.unpack.landing import Result
from parley.unpack.rasa import RASA
from parley.unpack.sources import Record, read_rasa
from parley.unpack.workers import Workers, number_of_workers
from parley.warehouse import Warehouse

from .test_against_dlt import KEYS, SCHEMA, nasty, tables


@pytest.fixture
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(landing, "RECORDS_AT_ONCE", 20)
    monkeypatch.setattr(landing, "CHUNKS_WITHOUT_WORKERS", 1)


def event(number: int, **content: Any) -> Record:
    document = {"event": "user", "sender_id": f"s{number % 7}", "timestamp": 1_700_000_000 + number, **content}
    return Record("in.ndjson", number + 1, json.dumps(document), {})


def nasty_events(seed: int) -> list[Record]:
    """Events whose columns have other types in other chunks, some of them twice, with bad ones between."""
    chance = random.Random(seed)
    records = [
        event(number, metadata={key: nasty(chance, depth=3) for key in chance.sample(KEYS, 4)}) for number in range(150)
    ]
    records += chance.sample(records, 30)
    records += [Record("in.ndjson", 1_000 + number, "{" * (number + 1), {}) for number in range(5)]
    chance.shuffle(records)
    return records


def unpacked(
    records: Sequence[Record], folder: Path, processes: int, *, strict: bool = False
) -> tuple[Result, dict[str, Any], list[Any]]:
    """What was done, the tables, and what is in quarantine."""
    warehouse = Warehouse("duckdb", path=folder / f"{processes}.duckdb")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("UNPACK_PROCESSES", str(processes))
        patch.setenv("DLT_DATA_DIR", str(folder / str(processes)))
        patch.setattr("parley.settings.STATE", folder / str(processes))
        result = unpack(records, SCHEMA, RASA, warehouse, strict=strict)
    with warehouse.connect() as connection:
        quarantine = sorted(connection.query(f"select * exclude (_load_id) from {SCHEMA}.quarantine"))
    return result, tables(warehouse), quarantine


def counts(result: Result) -> tuple[int, int, dict[str, int]]:
    return result.landed, result.repeated, dict(result.set_aside)


@pytest.mark.usefixtures("small_chunks")
@pytest.mark.parametrize("seed", range(2))
def test_with_workers_the_tables_are_the_same(seed: int, tmp_path: Path) -> None:
    records = nasty_events(seed)
    alone, expected, bad = unpacked(records, tmp_path, 0)
    shared, found, also_bad = unpacked(records, tmp_path, 3)
    assert counts(shared) == counts(alone) == (150, 30, dict(alone.set_aside))
    assert sum(alone.set_aside.values()) == len(bad) == 5
    assert also_bad == bad
    assert found.keys() == expected.keys()
    for table in expected:
        assert found[table] == expected[table], table


@pytest.mark.usefixtures("small_chunks")
def test_the_first_value_decides_the_type_whichever_worker_is_first(tmp_path: Path) -> None:
    # Each chunk by itself would give the column another type.
    values = [1, "one", True, 1.5]
    records = [event(number, metadata={"score": values[number // 20]}) for number in range(80)]
    _, found, _ = unpacked(records, tmp_path, 3)
    columns, _ = found["event_user"]
    types = {name: kind for name, kind in columns.items() if name.startswith("metadata__score")}
    assert types == {
        "metadata__score": "BIGINT",
        "metadata__score__v_text": "VARCHAR",
        "metadata__score__v_bool": "BOOLEAN",
        "metadata__score__v_double": "DOUBLE",
    }
    assert unpacked(records, tmp_path, 0)[1] == found


@pytest.mark.usefixtures("small_chunks")
def test_what_has_landed_is_only_identified_and_what_comes_behind_it_lands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []
    submit = Workers.submit
    monkeypatch.setattr(
        Workers, "submit", lambda self, records, types: asked.append(types is None) or submit(self, records, types)
    )
    first, second = [event(number) for number in range(300)], [event(number) for number in range(300, 400)]
    assert counts(unpacked(first, tmp_path, 2)[0]) == (300, 0, {})
    assert not any(asked)
    result, found, _ = unpacked(first + second, tmp_path, 2)
    assert counts(result) == (100, 300, {})
    assert any(asked)
    _, rows = found["event"]
    assert len(rows) == 400
    again, _, _ = unpacked(first + second, tmp_path, 2)
    assert (again.load_id, again.repeated) == (None, 400)
    monkeypatch.undo()
    at_once = tmp_path / "at once"
    at_once.mkdir()
    assert unpacked(first + second, at_once, 0)[1] == found


@pytest.mark.usefixtures("small_chunks")
def test_strict_names_the_first_bad_record_and_lands_nothing(tmp_path: Path) -> None:
    records = [event(number) for number in range(200)]
    records[95] = records[95]._replace(text="{")
    records[190] = records[190]._replace(text="[]")
    with pytest.raises(UnpackError, match=re.escape("in.ndjson, line 96: not valid JSON")):
        unpacked(records, tmp_path, 2, strict=True)
    with Warehouse("duckdb", path=tmp_path / "2.duckdb").connect() as connection:
        assert "_loads" not in connection.tables(SCHEMA)


@pytest.mark.usefixtures("small_chunks")
@pytest.mark.fault("a process that prepares records is killed", "the next unpacking")
def test_a_worker_that_is_killed_is_an_error_and_nothing_is_lost(
    tmp_path: Path, sample: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    records = list(read_rasa(str(sample)))
    started: list[subprocess.Popen[bytes]] = []
    new_process = Workers._new_process

    def noted(self: Workers) -> subprocess.Popen[bytes]:
        started.append(new_process(self))
        return started[-1]

    def killed() -> Iterator[Record]:
        for number, record in enumerate(records):
            if number == 1_500:
                started[0].kill()
            yield record

    monkeypatch.setattr(Workers, "_new_process", noted)
    with pytest.raises(UnpackError, match=r"exit code -9.*Set UNPACK_PROCESSES to fewer"):
        unpacked(killed(), tmp_path, 2)  # type: ignore[arg-type]
    assert all(process.poll() is not None for process in started)
    result, found, _ = unpacked(records, tmp_path, 2)
    assert result.landed == len(records)
    undisturbed = tmp_path / "undisturbed"
    undisturbed.mkdir()
    assert found == unpacked(records, undisturbed, 2)[1]


LANDS = """
from parley.unpack.rasa import RASA
from parley.unpack.sources import Record
from parley.unpack.workers import Workers

workers = Workers(RASA, strict=False, number=2)
for future in [workers.submit([Record("in", 1, "{", {})], {}) for _ in range(2)]:
    future.result()
print(*(process.pid for process in workers._processes), flush=True)
input()
"""


def test_workers_end_with_the_process_that_lands() -> None:
    with subprocess.Popen([sys.executable, "-c", LANDS], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as lands:
        assert lands.stdout is not None
        pids = [int(pid) for pid in lands.stdout.readline().split()]
        assert pids
        assert all(_runs(pid) for pid in pids)
        lands.send_signal(signal.SIGKILL)
        lands.wait()
    until = time.monotonic() + 20
    while any(_runs(pid) for pid in pids) and time.monotonic() < until:
        time.sleep(0.05)
    assert not [pid for pid in pids if _runs(pid)]


def _runs(pid: int) -> bool:
    try:
        # One that has ended may wait for its parent, which is init now, to notice.
        return "(zombie)" not in Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return False


def test_a_number_of_processes_that_is_none_is_an_error_that_names_the_setting(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("UNPACK_PROCESSES", "two")
    with pytest.raises(ConfigurationError, match="UNPACK_PROCESSES is 'two'"):
        number_of_workers()
    monkeypatch.delenv("UNPACK_PROCESSES")
    assert number_of_workers() == 0
