"""A tracker store is read on from where the last load ended, and nothing of it is lost."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NoReturn

import pytest
from dlt.pipeline.exceptions import PipelineStepFailed
from sqlalchemy import create_engine, text

from parley.errors import ConfigurationError
from parley.pipelines import bot
from parley.unpack.domains import unpack_new
from parley.unpack.landing import Result
from parley.unpack.sources import tracker_store
from parley.warehouse import Warehouse
from tests.warehouses.postgres import HOST, PASSWORD, USER, running_postgres

BOT = bot("demo_bot", source="unused")
SCHEMA = BOT.raw_schema
TABLE = """
    create table events (
        id integer primary key, sender_id varchar(255), type_name varchar(255), timestamp float,
        intent_name varchar(255), action_name varchar(255), data text
    )
"""


class Store:
    """A tracker store like Rasa's, and the ids that are read of it."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.engine = create_engine(url, isolation_level="AUTOCOMMIT")
        with self.engine.connect() as connection:
            connection.execute(text(TABLE))

    def add(self, ids: Iterable[int], **changes: Any) -> None:
        with self.engine.connect() as connection:
            for number in ids:
                event = {"event": "action", "timestamp": 1_700_000_000.5 + number, "name": f"action_{number}"}
                row = {"id": number, "sender": "ada", "data": json.dumps(event), **changes}
                statement = "insert into events (id, sender_id, data) values (:id, :sender, :data)"
                connection.execute(text(statement), row)

    def clear(self) -> None:
        with self.engine.connect() as connection:
            connection.execute(text("delete from events"))


@pytest.fixture(scope="module")
def postgres() -> Iterator[str]:
    with running_postgres() as server:
        yield f"postgresql://{USER}:{PASSWORD}@{HOST}:{server.port}/postgres"


@pytest.fixture(params=["sqlite", "postgresql"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    if request.param == "sqlite":
        return Store(f"sqlite:///{tmp_path / 'store.sqlite'}")
    url: str = request.getfixturevalue("postgres")
    with create_engine(url, isolation_level="AUTOCOMMIT").connect() as connection:
        connection.execute(text("drop table if exists events"))
    return Store(url)


@pytest.fixture(autouse=True)
def look_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRACKER_STORE_LOOK_BACK", "10")
    monkeypatch.setattr(tracker_store, "ROWS_AT_ONCE", 7)


def unpack(warehouse: Warehouse, store: Store, **options: Any) -> Result:
    return unpack_new(BOT, warehouse, store.url, **options)


def landed(warehouse: Warehouse) -> list[str]:
    with warehouse.connect() as connection:
        rows = connection.query(f"select name from {SCHEMA}.event_action order by timestamp")
    return [name for (name,) in rows]


def names(ids: Iterable[int]) -> list[str]:
    return [f"action_{number}" for number in ids]


def test_a_load_goes_on_where_the_last_one_ended_but_for_the_look_back(warehouse: Warehouse, store: Store) -> None:
    store.add(range(1, 101))
    assert unpack(warehouse, store).landed == 100
    assert unpack(warehouse, store).repeated == 11
    store.add(range(101, 121))
    result = unpack(warehouse, store)
    assert (result.landed, result.repeated) == (20, 11)
    assert unpack(warehouse, store, from_start=True).repeated == 120
    assert landed(warehouse) == names(range(1, 121))


def test_an_event_whose_transaction_ended_late_is_not_lost(warehouse: Warehouse, store: Store) -> None:
    store.add([*range(1, 95), *range(98, 101)])
    unpack(warehouse, store)
    store.add(range(95, 98))
    assert unpack(warehouse, store).landed == 3
    assert landed(warehouse) == names(range(1, 101))


@pytest.mark.parametrize("replaced_by", [range(1001, 1004), range(1001, 1201)], ids=["fewer", "more"])
def test_a_store_that_was_replaced_is_read_from_its_start(
    replaced_by: range, warehouse: Warehouse, store: Store
) -> None:
    store.add(range(1, 101))
    unpack(warehouse, store)
    store.clear()
    for number, event in enumerate(replaced_by, start=1):
        store.add([number], data=json.dumps({"event": "action", "timestamp": 1_700_000_000 + event, "name": "new"}))
    assert unpack(warehouse, store).landed == len(replaced_by)
    # It is known again the next time.
    store.add([5000])
    result = unpack(warehouse, store)
    assert result.landed == 1
    assert result.repeated <= 11


def test_a_load_that_died_is_read_again(warehouse: Warehouse, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    store.add(range(1, 51))
    unpack(warehouse, store)
    store.add(range(51, 101))
    with monkeypatch.context() as patch:
        patch.setattr("dlt.destinations.job_client_impl.SqlJobClientBase.complete_load", _die)
        with pytest.raises(PipelineStepFailed):
            unpack(warehouse, store)
    assert unpack(warehouse, store).landed == 50
    assert landed(warehouse) == names(range(1, 101))


def _die(*_: Any) -> NoReturn:
    raise ConnectionError("the warehouse went away")


def test_rows_without_an_event_are_set_aside(warehouse: Warehouse, store: Store) -> None:
    store.add([1, 2])
    store.add([3], data=None)
    store.add([4], sender=None)
    store.add([5], data="{")
    result = unpack(warehouse, store)
    assert (result.landed, result.set_aside.total()) == (2, 3)
    with warehouse.connect() as connection:
        rows = connection.query(f"select place, number, text from {SCHEMA}.quarantine order by number")
    assert [row[:2] for row in rows] == [("events", 3), ("events", 4), ("events", 5)]
    assert unpack(warehouse, store).set_aside.total() == 0


def test_an_empty_store_has_nothing_new(warehouse: Warehouse, store: Store) -> None:
    assert unpack(warehouse, store).load_id is None


def test_each_store_has_a_position_of_its_own_and_its_password_is_not_kept(
    warehouse: Warehouse, store: Store, tmp_path: Path
) -> None:
    other = Store(f"sqlite:///{tmp_path / 'other.sqlite'}")
    other.add(range(200, 230))
    store.add(range(1, 21))
    for each in (store, other, store):
        unpack(warehouse, each)
    store.add([21])
    result = unpack(warehouse, store)
    assert (result.landed, result.repeated) == (1, 11)
    with warehouse.connect() as connection:
        rows = connection.query(f"select number, store, read_to from {SCHEMA}.positions order by number")
    assert [(number, read_to) for number, _, read_to in rows] == [(1, 20), (2, 229), (3, 21)]
    assert PASSWORD not in str(rows)


def test_a_look_back_that_is_no_number_is_an_error(
    warehouse: Warehouse, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.add([1])
    unpack(warehouse, store)
    monkeypatch.setenv("TRACKER_STORE_LOOK_BACK", "an hour")
    with pytest.raises(ConfigurationError, match="TRACKER_STORE_LOOK_BACK is 'an hour'"):
        unpack(warehouse, store)
