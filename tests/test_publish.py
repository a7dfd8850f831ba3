"""Publishing: each pipeline for itself, the old extract until there is a new one, a load counted once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from parley import publish, settings
from parley.errors import ParleyError
from parley.extracts import Counts, read_extract
from parley.pipelines import Pipeline, bot, support_desk
from parley.warehouse import Connection, Warehouse

BOT = bot("helper", source="nowhere")


@pytest.fixture
def connection(warehouse: Warehouse) -> Iterator[Connection]:
    with warehouse.connect() as connection:
        for statement in (
            "create schema helper_event",
            "create schema helper_staging",
            "create table helper_event._loads (load_id varchar, schema_name varchar, status bigint,"
            " inserted_at timestamptz, schema_version_hash varchar)",
            "create table helper_event.event (_load_id varchar)",
            "create table helper_event.event_user (_load_id varchar)",
            "create table helper_event.quarantine (_load_id varchar, reason varchar)",
            "create table helper_event.no_rows_of_loads (id varchar)",
            "create table helper_staging.chat_load_ids (run_id varchar, load_id varchar, pinned_at timestamp)",
        ):
            connection.query(statement)
        yield connection


def land(connection: Connection, load_id: str, *, events: int, bad: int = 0) -> None:
    for table, number in (("event", events), ("event_user", events)):
        connection.query(f"insert into helper_event.{table} select %s from range({number})", [load_id])
    connection.query(f"insert into helper_event.quarantine select %s, 'not JSON' from range({bad})", [load_id])
    connection.query("insert into helper_event._loads values (%s, 'helper_event', 0, now(), 'v1')", [load_id])


def pin(connection: Connection, load_id: str, run_id: str) -> None:
    connection.query("insert into helper_staging.chat_load_ids values (%s, %s, now())", [run_id, load_id])


def test_a_load_has_its_runs_and_its_counts(connection: Connection) -> None:
    land(connection, "1", events=3, bad=2)
    land(connection, "2", events=1)
    for run_id in ("scheduled", "manual"):
        pin(connection, "1", run_id)
    first, second = publish.make_extract(BOT, connection).loads
    assert (first.run_ids, first.counts) == (("scheduled", "manual"), Counts(3, 6, {"not JSON": 2}))
    assert (second.run_ids, second.counts) == ((), Counts(1, 2, {}))


def test_what_is_half_in_is_no_load(connection: Connection) -> None:
    connection.query("insert into helper_event.event values ('half')")
    assert publish.make_extract(BOT, connection).loads == []


def test_a_load_is_counted_once(warehouse: Warehouse, connection: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(publish, "working_pipelines", lambda: [BOT])
    land(connection, "1", events=3)
    connection.native.close()
    publish.extracts()
    with warehouse.connect() as again:
        land(again, "2", events=1)
        counted: list[list[str]] = []
        count = publish._count
        monkeypatch.setattr(
            publish, "_count", lambda pipeline, on, ids: counted.append(list(ids)) or count(pipeline, on, ids)
        )
        assert [facts.counts for facts in publish.make_extract(BOT, again).loads] == [
            Counts(3, 6, {}),
            Counts(1, 2, {}),
        ]
    assert counted == [["2"]]


def test_many_tables_and_loads_are_counted_in_parts(connection: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(publish, "TABLES_AT_A_TIME", 1)
    monkeypatch.setattr(publish, "LOADS_AT_A_TIME", 2)
    for number in range(5):
        land(connection, str(number), events=number)
    counts = [facts.counts for facts in publish.make_extract(BOT, connection).loads]
    assert counts == [Counts(number, 2 * number, {}) for number in range(5)]


def test_a_dataset_whose_marts_are_not_built_says_so(connection: Connection) -> None:
    missing = publish.make_extract(BOT, connection).missing
    assert missing["daily"] == (
        "helper_views.bot_performance_daily has not been built yet. The DAG chat_helper builds it."
    )


def test_one_that_fails_keeps_its_extract_and_the_others_are_refreshed(
    connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    connection.native.close()
    monkeypatch.setattr(publish, "working_pipelines", lambda: [BOT, support_desk()])
    publish.extracts()
    before = {name: read_extract(name) for name in ("helper", "support")}
    make = publish.make_extract

    def fail_for_the_bot(pipeline: Pipeline, on: Connection) -> object:
        if pipeline == BOT:
            raise RuntimeError("a column is gone")
        return make(pipeline, on)

    monkeypatch.setattr(publish, "make_extract", fail_for_the_bot)
    with pytest.raises(ParleyError, match=r"the others are refreshed\. helper: a column is gone"):
        publish.extracts()
    assert read_extract("helper") == before["helper"]
    assert read_extract("support") != before["support"]


def test_before_there_is_a_warehouse_there_is_nothing_to_publish(warehouse: Warehouse) -> None:
    assert publish.extracts() == []
    assert not (settings.STATE / "published").exists()


@pytest.mark.parametrize(
    "path", sorted(publish.QUERIES.glob("*/*.sql")), ids=lambda path: f"{path.parent.name}/{path.stem}"
)
def test_every_query_can_be_run_on_any_warehouse(path: Path) -> None:
    """A percent sign would be a parameter to PostgreSQL's driver; only marts are read; each row has its day."""
    sql = path.read_text()
    assert "%" not in sql
    assert sql.replace("{marts}", "").count("{") == 0
    assert " as day," in sql
    assert "order by" in sql
