"""The pin: which loads a run works on, whatever happens to the run and whatever lands meanwhile."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from chat_project import BOT, VARIABLES, Chat

from parley import settings

Event = dict[str, object]


def message(sender_id: str, second: int) -> Event:
    return {"event": "user", "sender_id": sender_id, "timestamp": 1_700_000_000 + second, "text": str(second)}


def senders(chat: Chat) -> set[str]:
    return {row[0] for row in chat.query(f"select sender_id from {BOT}_views.senders")}


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A folder with a warehouse, in which one load is built and done, and dlt's state beside it; the load."""
    folder = tmp_path_factory.mktemp("pin")
    chat = Chat(folder / "warehouse.duckdb", VARIABLES)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(settings, "STATE", folder / "state")
        first = chat.land([message("s1", 0)])
    assert first
    chat.dbt("build", "--exclude", "resource_type:unit_test", "resource_type:test", run_id="run 1")
    assert chat.mark("run 1") == [first]
    return folder, first


@pytest.fixture
def loaded(built: tuple[Path, str], chat: Chat) -> tuple[Chat, str]:
    """One load, built and done, in a warehouse of one's own."""
    folder, first = built
    shutil.copytree(folder, chat.path.parent, dirs_exist_ok=True)
    return chat, first


def test_a_retry_sees_the_same_loads_and_a_load_that_lands_midway_waits(loaded: tuple[Chat, str]) -> None:
    chat, _ = loaded
    second = chat.land([message("s1", 1)])
    assert second
    chat.dbt("run", "-s", "chat_load_ids", "int_chat__sender_users", run_id="run 2")
    third = chat.land([message("s1", 2), message("s3", 2)])
    assert third

    chat.dbt("run", run_id="run 2")  # everything again, the pin too
    assert chat.pinned("run 2") == [second]
    assert chat.query(f"select count(*) from {BOT}_views.user_messages") == [(2,)]
    assert senders(chat) == {"s1"}
    assert chat.mark("run 2") == [second]

    chat.dbt("run", run_id="run 3")
    assert chat.pinned("run 3") == [third]
    assert chat.query(f"select count(*) from {BOT}_views.user_messages") == [(4,)]
    assert senders(chat) == {"s1", "s3"}


def test_full_refresh_pins_all_loads_ever_completed(loaded: tuple[Chat, str]) -> None:
    chat, first = loaded
    second = chat.land([message("s2", 1)])
    with chat.connection() as connection:
        # Rows of a load that died have no row in the ledger.
        connection.query(
            f"insert into {BOT}_event.event (_record_hash, _pos, event, timestamp, sender_id, _load_id) "
            "values ('x', 0, 'user', now(), 'ghost', '9')"
        )
        connection.query(
            f"insert into {BOT}_event.event_user (_record_hash, _pos, event, timestamp, sender_id, _load_id) "
            "values ('x', 0, 'user', now(), 'ghost', '9')"
        )
    chat.dbt("run", "--full-refresh", run_id="run 2")
    assert chat.pinned("run 2") == sorted([first, str(second)])
    assert chat.pinned("run 1") == [first]
    assert senders(chat) == {"s1", "s2"}


def test_a_backfill_pins_the_loads_it_was_given(loaded: tuple[Chat, str]) -> None:
    chat, first = loaded
    second, third = chat.land([message("s2", 1)]), chat.land([message("s3", 2)])
    chat.dbt("run", run_id="backfill", load_ids=[first, str(third)])
    assert chat.pinned("backfill") == sorted([first, str(third)])
    assert senders(chat) == {"s1", "s3"}
    assert chat.mark("backfill") == [third]
    chat.dbt("run", run_id="run 2")
    assert chat.pinned("run 2") == [second]
    assert senders(chat) == {"s1", "s2", "s3"}


def test_a_model_of_an_older_run_is_repeated_with_the_users_of_that_run(loaded: tuple[Chat, str]) -> None:
    chat, first = loaded
    second = chat.land([message("s2", 1)])
    chat.dbt("run", "--exclude", "senders", run_id="run 2")  # senders fails, so nothing is marked
    chat.dbt("run", "--exclude", "senders", run_id="backfill", load_ids=[first])
    assert senders(chat) == {"s1"}
    chat.dbt("run", "-s", "senders", run_id="run 2")
    assert senders(chat) == {"s1", "s2"}
    assert chat.mark("run 2") == [second]


def test_a_backfill_takes_what_a_failed_run_has_left_half_done(loaded: tuple[Chat, str]) -> None:
    chat, first = loaded
    second = chat.land([message("s2", 1)])
    chat.dbt("run", "--exclude", "senders", run_id="run 2")  # senders fails, so nothing is marked
    third = chat.land([message("s3", 2)])
    chat.dbt("run", run_id="backfill", load_ids=[first])
    assert chat.pinned("backfill") == sorted([first, str(second)])
    assert senders(chat) == {"s1", "s2"}
    assert chat.mark("backfill") == [second]
    chat.dbt("run", run_id="again", load_ids=[first])
    assert chat.pinned("again") == [first]
    chat.dbt("run", run_id="run 3")
    assert chat.pinned("run 3") == [third]


def test_a_run_that_is_repeated_for_loads_it_has_not_pinned_adds_them_once(loaded: tuple[Chat, str]) -> None:
    """Airflow's backfill repeats a run of the past under its id; a run by hand may have taken loads of its time."""
    chat, first = loaded
    second = str(chat.land([message("s2", 1)]))
    chat.dbt("run", run_id="by hand")
    assert chat.mark("by hand") == [second]
    third = str(chat.land([message("s3", 2)]))
    chat.dbt("run", "--exclude", "senders", run_id="run 2")  # senders fails, so nothing is marked
    with chat.connection() as connection:
        connection.query(f"delete from {BOT}_views.senders where sender_id = 's2'")

    chat.dbt("run", run_id="run 1", load_ids=[second])
    assert chat.pinned("run 1") == [first, second, third]
    assert senders(chat) == {"s1", "s2", "s3"}

    # The pin is tried again when the models that come after it are built: they would not see what it adds now.
    chat.land([message("s4", 3)])
    chat.dbt("run", "--exclude", "senders", run_id="run 3")
    chat.dbt("run", "-s", "chat_load_ids", run_id="run 1", load_ids=[second])
    assert chat.pinned("run 1") == [first, second, third]
    assert chat.mark("run 1") == [third]


def test_old_runs_are_forgotten_but_not_what_may_still_be_asked_for(loaded: tuple[Chat, str]) -> None:
    chat, _ = loaded
    touched = f"select distinct run_id from {BOT}_staging.int_chat__touched_users order by 1"
    second = chat.land([message("s2", 1)])
    chat.dbt("run", "--exclude", "senders", run_id="run 2")  # senders fails, so nothing is marked
    with chat.connection() as connection:
        connection.query(f"update {BOT}_staging.chat_load_ids set pinned_at = pinned_at - interval 40 day")
    third = chat.land([message("s3", 2)])
    chat.dbt("run", "-s", "+int_chat__touched_users", run_id="run 3", load_ids=[str(third)])
    assert chat.query(touched) == [("run 2",), ("run 3",)]

    # Cleared after a month: a model of the run, or all of it.
    chat.dbt("run", "-s", "senders", run_id="run 2")
    assert senders(chat) == {"s1", "s2"}
    assert chat.mark("run 2") == [second]
    chat.dbt("run", "-s", "int_chat__touched_users", run_id="run 2")
    assert chat.query(touched) == [("run 2",), ("run 3",)]
    chat.dbt("run", "-s", "int_chat__touched_users", run_id="run 3")
    assert chat.query(touched) == [("run 3",)]


def test_an_unknown_load_stops_the_run(loaded: tuple[Chat, str]) -> None:
    chat, first = loaded
    assert not chat.dbt("run", "-s", "chat_load_ids", run_id="backfill", load_ids=[first, "nonsense"], check=False)
    assert chat.pinned("backfill") == []


def test_nothing_new_is_nothing_to_do(loaded: tuple[Chat, str]) -> None:
    chat, _ = loaded
    chat.dbt("run", run_id="run 2")
    assert chat.pinned("run 2") == []
    assert chat.query(f"select count(*) from {BOT}_staging.int_chat__touched_users where run_id = 'run 2'") == [(0,)]
    assert senders(chat) == {"s1"}


def test_a_single_model_by_hand_takes_the_last_pin(loaded: tuple[Chat, str]) -> None:
    chat, _ = loaded
    chat.land([message("s2", 1)])
    chat.dbt("run", "-s", "chat_load_ids", "chat.intermediate", "interactions")  # no run id: dbt's own
    chat.dbt("run", "-s", "sessions", "senders")
    assert senders(chat) == {"s1", "s2"}


def test_a_new_destination_gets_everything_whatever_the_run_is_given(loaded: tuple[Chat, str]) -> None:
    chat, first = loaded
    second = str(chat.land([message("s2", 1)]))
    no_tests = ("--exclude", "resource_type:unit_test", "resource_type:test")
    chat.dbt("build", *no_tests, run_id="run 2", load_ids=[second], destination="fresh")
    assert sorted(chat.pinned("run 2", "fresh")) == [first, second]
    assert chat.query("select count(*) from fresh_views.senders") == [(2,)]
