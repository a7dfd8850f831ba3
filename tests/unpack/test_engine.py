"""One load: all of the input or none of it, once."""

from __future__ import annotations

import gzip
import json
import logging
import multiprocessing
import random
import shutil
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NoReturn

import pytest
from dlt.pipeline.exceptions import PipelineStepFailed

from parley import settings
from parley.errors import UnpackError
from parley.pipelines import bot
from parley.unpack.domains import unpack_new
from parley.warehouse import Connection, Warehouse

BOT = bot("demo_bot", source="unused")
SCHEMA = BOT.raw_schema


@pytest.fixture(scope="module")
def with_sample(tmp_path_factory: pytest.TempPathFactory, sample: Path) -> Path:
    """A folder with the whole sample in a warehouse, as two loads, and dlt's state beside it."""
    folder = tmp_path_factory.mktemp("sample")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(settings, "STATE", folder / "state")
        for batch in ("batch_1", "batch_2"):
            unpack_new(BOT, Warehouse("duckdb", path=folder / "warehouse.duckdb"), str(sample / batch))
    return folder


@pytest.fixture
def filled(with_sample: Path, warehouse: Warehouse, tmp_path: Path) -> Warehouse:
    """A warehouse of one's own with the whole sample, as two loads."""
    shutil.copytree(with_sample, tmp_path, dirs_exist_ok=True)
    return warehouse


@pytest.fixture
def landed(filled: Warehouse) -> Iterator[Connection]:
    """A connection to it."""
    with filled.connect() as connection:
        yield connection


def events_of(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for path in sorted(folder.rglob("*.ndjson")) for line in path.open()]


def contents(warehouse: Warehouse) -> dict[str, list[tuple[Any, ...]]]:
    """The rows of every table, but for the ids of the loads that brought them."""
    with warehouse.connect() as connection:
        return {
            table: sorted(connection.query(f'select * exclude (_load_id) from {SCHEMA}."{table}"'), key=repr)
            for table in sorted(connection.tables(SCHEMA))
            if table not in ("_loads", "_versions", "_pipeline_state", "files")
        }


def test_every_event_is_in_exactly_one_table_of_its_type(landed: Connection, sample: Path) -> None:
    expected = Counter(f"event_{event['event']}" for event in events_of(sample))
    tables = {table for table in landed.tables(SCHEMA) if table.startswith("event_") and "__" not in table}
    counts = {table: landed.query(f"select count(*) from {SCHEMA}.{table}")[0][0] for table in tables}
    assert {table: count for table, count in counts.items() if count} == expected

    union = " union all ".join(f"select _record_hash from {SCHEMA}.{table}" for table in tables)
    assert landed.query(f"select count(*), count(distinct _record_hash) from ({union})") == [(2987, 2987)]
    assert landed.query(f"select _record_hash from {SCHEMA}.event except ({union})") == []


def test_positions_number_each_conversation_in_the_order_of_the_input(landed: Connection, sample: Path) -> None:
    order: dict[str, list[float]] = {}
    for event in events_of(sample):
        order.setdefault(event["sender_id"], []).append(event["timestamp"])
    rows = landed.query(f"select sender_id, _pos, epoch(timestamp) from {SCHEMA}.event order by sender_id, _pos")
    for sender_id, timestamps in order.items():
        mine = [row for row in rows if row[0] == sender_id]
        assert [row[1] for row in mine] == list(range(len(timestamps)))
        assert [row[2] for row in mine] == pytest.approx(timestamps, abs=1e-5)


def test_children_know_their_parent_their_root_and_their_load(landed: Connection) -> None:
    child = f"{SCHEMA}.event_user__parse_data__entities"
    assert landed.query(f"select count(*) from {child}") == [(141,)]
    strangers = f"""
        select child._record_hash from {child} as child
        left join {SCHEMA}.event_user as parent
            on child._parent_hash = parent._record_hash
            and child._root_hash = parent._root_hash
            and child._load_id = parent._load_id
            and child._timestamp = parent.timestamp
            and child._dist_key = parent.sender_id
        where parent._record_hash is null or child._pos is null
    """
    assert landed.query(strangers) == []


def test_a_load_has_one_row_with_status_0(landed: Connection) -> None:
    loads = landed.query(f"select load_id, count(*), max(status) from {SCHEMA}._loads group by load_id")
    assert [row[1:] for row in loads] == [(1, 0), (1, 0)]
    assert landed.query(f"select count(distinct _load_id) from {SCHEMA}.event") == [(2,)]


def test_the_same_input_twice_adds_nothing(filled: Warehouse, sample: Path) -> None:
    before = contents(filled)
    again = unpack_new(BOT, filled, str(sample))
    assert (again.load_id, again.landed, again.repeated, again.unchanged_files) == (None, 0, 0, 20)
    all_of_it = unpack_new(BOT, filled, str(sample), from_start=True)
    assert (all_of_it.load_id, all_of_it.landed, all_of_it.repeated, all_of_it.unchanged_files) == (None, 0, 2987, 0)
    assert contents(filled) == before


def test_of_files_that_have_landed_only_those_that_changed_are_read(warehouse: Warehouse, tmp_path: Path) -> None:
    def event(number: int) -> str:
        return json.dumps({"event": "restart", "sender_id": "a", "timestamp": 1704722742.5 + number}) + "\n"

    source = tmp_path / "source"
    source.mkdir()
    (source / "1.ndjson").write_text(event(1))
    (source / "2.ndjson").write_text(event(2) + "no event\n")
    assert unpack_new(BOT, warehouse, str(source)).landed == 2

    with (source / "2.ndjson").open("a") as grown:
        grown.write(event(3))
    (source / "3.ndjson").write_text(event(4))
    second = unpack_new(BOT, warehouse, str(source))
    assert (second.landed, second.repeated, second.unchanged_files) == (2, 1, 1)
    assert not second.set_aside

    (source / "1.ndjson").write_text("no event\n")
    with pytest.raises(UnpackError):
        unpack_new(BOT, warehouse, str(source), strict=True)
    # The note belongs to the load: what a load that died has read is read again.
    with warehouse.connect() as connection:
        connection.query(f"delete from {SCHEMA}._loads where load_id = %s", [second.load_id])
    third = unpack_new(BOT, warehouse, str(source))
    assert (third.landed, third.repeated, third.unchanged_files) == (2, 1, 0)
    assert third.set_aside.total() == 1
    nothing = unpack_new(BOT, warehouse, str(source))
    assert (nothing.load_id, nothing.unchanged_files) == (None, 3)


def files_of_loads(state: Path) -> list[Path]:
    """What there is of loads in dlt's folders: rows, and what is said of each load."""
    kinds = (".parquet", ".jsonl", ".insert_values")
    return [path for path in state.rglob("*") if path.suffix in kinds or path.name == "package_completed.json"]


def test_no_copy_of_a_load_stays_beside_the_warehouse(with_sample: Path) -> None:
    assert list((with_sample / "state").rglob("*.schema.json"))
    assert files_of_loads(with_sample / "state") == []


def test_nothing_stays_of_a_load_that_was_ended_while_it_was_read(
    warehouse: Warehouse, sample: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # What Airflow ends a task with when its time is over; dlt does not see it as an error.
    class TaskTimeout(BaseException): ...

    def end(*_: Any) -> NoReturn:
        raise TaskTimeout

    with monkeypatch.context() as patch:
        patch.setattr("parley.unpack.pieces.BYTES_AT_ONCE", 100_000)
        patch.setattr("parley.unpack.pieces.Pieces.rest", end)  # what is left, when all records were read
        with pytest.raises(TaskTimeout):
            unpack_new(BOT, warehouse, str(sample / "batch_1"))
    assert files_of_loads(tmp_path) != []
    unpack_new(BOT, warehouse, str(sample / "batch_2"))
    assert files_of_loads(tmp_path) == []


def test_the_tracker_store_has_the_same_events(filled: Warehouse, tmp_path: Path) -> None:
    store = tmp_path / "tracker_store.sqlite"
    with gzip.open(settings.ROOT / "sample_data" / "rasa_tracker_store.sqlite.gz") as packed:
        store.write_bytes(packed.read())
    result = unpack_new(BOT, filled, f"sqlite:///{store}")
    assert (result.load_id, result.repeated) == (None, 2987)


def test_batches_come_to_the_same_tables_as_all_at_once(
    warehouse: Warehouse, sample: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    unpack_new(BOT, warehouse, str(sample))
    at_once = contents(warehouse)

    monkeypatch.setenv("WAREHOUSE_PATH", str(tmp_path / "batches.duckdb"))
    monkeypatch.setattr(settings, "STATE", tmp_path / "state of batches")
    in_batches = Warehouse.from_env()
    days = sorted(sample.rglob("*.ndjson"))
    for first, last in ((0, 1), (0, 3), (3, 11), (10, 20)):  # some days come twice
        batch = tmp_path / f"days {first} to {last}"
        batch.mkdir()
        for day in days[first:last]:
            shutil.copy(day, batch)
        unpack_new(BOT, in_batches, str(batch))

    # Column order follows arrival, and files have other places; values and rows must not.
    assert {table: len(rows) for table, rows in contents(in_batches).items()} == {
        table: len(rows) for table, rows in at_once.items()
    }
    for table in ("event", "event_action", "event_user__parse_data__intent_ranking"):
        assert _by_column(in_batches, table) == _by_column(warehouse, table)


def _by_column(warehouse: Warehouse, table: str) -> list[dict[str, Any]]:
    with warehouse.connect() as connection:
        columns = [
            name
            for (name,) in connection.query(
                "select column_name from information_schema.columns where table_schema = %s and table_name = %s",
                [SCHEMA, table],
            )
            if name != "_load_id"
        ]
        selected = ", ".join(f'"{column}"' for column in columns)
        rows = connection.query(f"select {selected} from {SCHEMA}.{table} order by _record_hash")
    return [dict(sorted(zip(columns, row, strict=True))) for row in rows]


BAD_LINES = ["{", "<html>", '{"event": "user"}', '"text"']


def mixed_input(folder: Path, sample: Path) -> Path:
    """One day of the sample with bad lines between."""
    good = (sample / "batch_1" / "2024-01-09.ndjson").read_text().splitlines()
    folder.mkdir()
    lines = [*good[:5], BAD_LINES[0], "", *good[5:10], *BAD_LINES[1:], *good[10:]]
    (folder / "mixed.ndjson").write_text("\n".join(lines))
    return folder


def test_bad_records_are_set_aside_and_the_rest_lands(warehouse: Warehouse, sample: Path, tmp_path: Path) -> None:
    source = str(mixed_input(tmp_path / "input", sample))
    result = unpack_new(BOT, warehouse, source)
    assert (result.landed, result.set_aside.total()) == (28, 4)
    with warehouse.connect() as connection:
        rows = connection.query(f"select place, number, text, reason from {SCHEMA}.quarantine order by number")
    assert [row[:3] for row in rows] == [
        ("mixed.ndjson", 6, "{"),
        ("mixed.ndjson", 13, "<html>"),
        ("mixed.ndjson", 14, '{"event": "user"}'),
        ("mixed.ndjson", 15, '"text"'),
    ]
    assert rows[2][3] == "no sender_id"
    assert unpack_new(BOT, warehouse, source).load_id is None


def test_strict_lands_nothing_and_names_the_place(warehouse: Warehouse, sample: Path, tmp_path: Path) -> None:
    source = str(mixed_input(tmp_path / "input", sample))
    with pytest.raises(UnpackError, match=r"mixed\.ndjson, line 6: not valid JSON"):
        unpack_new(BOT, warehouse, source, strict=True)
    with warehouse.connect() as connection:
        assert connection.tables(SCHEMA) == set()
    assert unpack_new(BOT, warehouse, source).landed == 28


def test_strict_lands_nothing_even_when_the_bad_record_comes_late(
    warehouse: Warehouse, sample: Path, tmp_path: Path
) -> None:
    late = tmp_path / "late.ndjson"
    lines = [line for path in sorted(sample.rglob("*.ndjson")) for line in path.read_text().splitlines()]
    late.write_text("\n".join([*lines, "{"]))
    with pytest.raises(UnpackError, match=r"late\.ndjson, line 2988"):
        unpack_new(BOT, warehouse, str(late), strict=True)
    with warehouse.connect() as connection:
        assert "_loads" not in connection.tables(SCHEMA)


def test_tables_that_the_semantic_schema_reads_are_there_though_no_event_filled_them(
    warehouse: Warehouse, tmp_path: Path
) -> None:
    one = tmp_path / "one.ndjson"
    one.write_text('{"sender_id": "ada", "event": "restart", "timestamp": 1704722742.5}')
    unpack_new(BOT, warehouse, str(one))
    with warehouse.connect() as connection:
        for table in ("event_user", "event_bot", "event_slot", "event_action", "event_active_loop"):
            assert connection.query(f"select event, timestamp, sender_id, _load_id from {SCHEMA}.{table}") == []
        assert connection.query(f"select parse_data__intent__name from {SCHEMA}.event_user") == []


def test_the_type_of_ids_and_of_what_looks_like_a_time_does_not_depend_on_what_comes_first(
    warehouse: Warehouse, tmp_path: Path
) -> None:
    metadata = [
        {"user_id": 17, "due": "2024-01-10T00:00:00Z", "score": 1},
        {"user_id": "u-17", "due": "soon", "score": "high"},
    ]
    lines = [
        {"sender_id": "ada", "event": "user", "timestamp": 1704722742.5 + number, "metadata": item}
        for number, item in enumerate(metadata)
    ]
    (tmp_path / "in.ndjson").write_text("\n".join(json.dumps(line) for line in lines))
    unpack_new(BOT, warehouse, str(tmp_path))
    with warehouse.connect() as connection:
        rows = connection.query(
            f"select metadata__user_id, metadata__due, metadata__score, metadata__score__v_text"
            f" from {SCHEMA}.event_user order by _pos"
        )
    assert rows == [("17", "2024-01-10T00:00:00Z", 1, None), ("u-17", "soon", None, "high")]


@pytest.mark.parametrize("source", ["no/such/folder", "sqlite:////no/such/store.sqlite"])
def test_a_source_that_is_not_there_is_an_error_that_names_it(warehouse: Warehouse, source: str) -> None:
    with pytest.raises(UnpackError):
        unpack_new(BOT, warehouse, source)


def test_an_event_that_is_delivered_twice_in_one_input_lands_once(warehouse: Warehouse, tmp_path: Path) -> None:
    line = '{"sender_id": "ada", "event": "restart", "timestamp": 1704722742.5}'
    (tmp_path / "twice.ndjson").write_text(f"{line}\n{line}\n")
    result = unpack_new(BOT, warehouse, str(tmp_path))
    assert (result.landed, result.repeated) == (1, 1)
    with warehouse.connect() as connection:
        assert connection.query(f"select sender_id, _pos from {SCHEMA}.event_restart") == [("ada", 0)]


def test_rows_of_a_load_that_died_before_its_ledger_row_are_swept_away(
    warehouse: Warehouse, sample: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    unpack_new(BOT, warehouse, str(sample / "batch_1"))
    with monkeypatch.context() as patch:
        patch.setattr("dlt.destinations.job_client_impl.SqlJobClientBase.complete_load", _die)
        with pytest.raises(PipelineStepFailed):
            unpack_new(BOT, warehouse, str(sample / "batch_2"))
    orphans = f"select count(*) from {SCHEMA}.event where _load_id not in (select load_id from {SCHEMA}._loads)"
    with warehouse.connect() as connection:
        assert connection.query(orphans) == [(1653,)]

    assert unpack_new(BOT, warehouse, str(sample)).landed == 1653
    with warehouse.connect() as connection:
        assert connection.query(orphans) == [(0,)]
        assert connection.query(f"select count(*), count(distinct _record_hash) from {SCHEMA}.event") == [(2987, 2987)]


def _die(*_: Any) -> NoReturn:
    raise ConnectionError("the warehouse went away")


def test_two_unpackings_at_once_land_everything_once(
    warehouse: Warehouse, sample: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with ThreadPoolExecutor(2) as pool, caplog.at_level(logging.WARNING):
        results = list(pool.map(lambda _: unpack_new(BOT, warehouse, str(sample)), range(2)))
    assert sorted(result.landed for result in results) == [0, 2987]
    assert f"Waiting for another unpacking into {SCHEMA}" in caplog.text


def unpack_alone(folder: Path, source: Path) -> None:
    """What a process does that may be killed."""
    settings.STATE = folder / "state"
    unpack_new(BOT, Warehouse("duckdb", path=folder / "warehouse.duckdb"), str(source))


@pytest.mark.fault("`kill -9` of the unpacking at ten moments, one after another", "the next unpacking")
def test_killed_at_any_moment_a_rerun_completes_it_without_loss_or_doubles(sample: Path, tmp_path: Path) -> None:
    """Moments drawn from the duration of an undisturbed run, which is measured first."""
    # The processes start with everything imported, so that no moment is spent on that.
    processes = multiprocessing.get_context("forkserver")
    processes.set_forkserver_preload([__name__])

    def run(folder: Path, seconds: float | None = None) -> float:
        folder.mkdir(exist_ok=True)
        process = processes.Process(target=unpack_alone, args=(folder, sample))
        process.start()
        started = time.monotonic()
        process.join(seconds)
        if process.exitcode is None:
            process.kill()
            process.join()
        else:
            assert process.exitcode == 0
        return time.monotonic() - started

    disturbed, undisturbed = tmp_path / "disturbed", tmp_path / "undisturbed"
    # Also starts what starts the processes, which must not count.
    run(tmp_path / "not measured")
    duration = run(undisturbed)
    moments = random.Random(1)
    for _ in range(10):
        run(disturbed, moments.uniform(0.0, 1.0) * duration)
    run(disturbed)

    assert contents(Warehouse("duckdb", path=disturbed / "warehouse.duckdb")) == contents(
        Warehouse("duckdb", path=undisturbed / "warehouse.duckdb")
    )
    with Warehouse("duckdb", path=disturbed / "warehouse.duckdb").connect() as connection:
        assert connection.query(f"select status from {SCHEMA}._loads") == [(0,)]
        assert connection.query(f"select count(distinct _load_id) from {SCHEMA}.event_slot") == [(1,)]
    assert files_of_loads(disturbed) == []
