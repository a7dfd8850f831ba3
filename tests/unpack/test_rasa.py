"""What a Rasa event is, and what is set aside."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from parley.unpack.contract import NotValidError
from parley.unpack.rasa import Event
from parley.unpack.sources import Record

VALID = {"sender_id": "ada", "event": "action", "timestamp": 1704722742.25, "name": "action_listen"}


def event(text: str | None = None, /, context: dict[str, Any] | None = None, **changes: Any) -> Event:
    return Event.from_record(Record("a.ndjson", 1, text or json.dumps({**VALID, **changes}), context or {}))


def test_an_event_is_a_row_of_event_and_of_its_type_with_the_same_id() -> None:
    (table, nothing, row), (type_table, content, type_row) = event(metadata={"model_id": "m1"}).rows(pos=7)

    assert (table, type_table) == ("event", "event_action")
    assert row["_record_hash"] == row["_root_hash"] == type_row["_record_hash"]
    assert (row["_pos"], row["sender_id"], row["model_id"]) == (7, "ada", "m1")
    assert row["timestamp"] == datetime(2024, 1, 8, 14, 5, 42, 250_000, UTC)
    assert content["name"] == "action_listen"
    assert not nothing


def test_what_an_event_says_of_its_model_and_environment_is_one_value_whatever_it_is() -> None:
    for _, _, row in event(environment={"b": [1], "a": None}, metadata={"model_id": ["m1"]}).rows(pos=0):
        assert (row["environment"], row["model_id"]) == ('{"a":null,"b":[1]}', '["m1"]')


def test_the_id_comes_from_the_content_not_from_its_spelling() -> None:
    spelled_differently = '{ "name":"action_listen", "timestamp":1704722742.25,"event":"action","sender_id":"ada"}'
    assert event().record_hash == event(spelled_differently).record_hash
    assert event().record_hash != event(sender_id="bob").record_hash
    assert event().record_hash != event(name="action_restart").record_hash


def test_the_tracker_store_and_the_event_broker_give_the_same_id() -> None:
    without_sender = {key: value for key, value in VALID.items() if key != "sender_id"}
    from_store = event(json.dumps(without_sender), context={"sender_id": "ada"})
    assert from_store.record_hash == event().record_hash


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('{"event": "user", ', "not valid JSON"),
        ("<html>502 Bad Gateway</html>", "not valid JSON"),
        ("[" * 100_000, "nested too deeply"),
        ("[1, 2]", "not a JSON object but array"),
        ("null", "not a JSON object but null"),
        (json.dumps({**VALID, "sender_id": ""}), "no sender_id"),
        (json.dumps({**VALID, "sender_id": None}), "no sender_id"),
        (json.dumps({**VALID, "event": None}), "no event type"),
        (json.dumps({**VALID, "event": "drop table x"}), "no event type"),
        (json.dumps({**VALID, "timestamp": None}), "no timestamp"),
        (json.dumps({**VALID, "timestamp": "2024-01-08"}), "no timestamp"),
        (json.dumps({**VALID, "timestamp": True}), "no timestamp"),
        (json.dumps({**VALID, "timestamp": float("nan")}), "no timestamp"),
        (json.dumps({**VALID, "timestamp": -5}), "not a time since 1970"),
        (json.dumps({**VALID, "timestamp": 1e300}), "not a time since 1970"),
    ],
)
def test_what_is_no_event_is_refused_with_the_reason(text: str, reason: str) -> None:
    with pytest.raises(NotValidError, match=reason):
        event(text)


def test_a_timestamp_in_milliseconds_is_the_same_time() -> None:
    assert event(timestamp=1704722742250).timestamp == event().timestamp


def test_a_sender_id_that_is_a_number_is_a_name() -> None:
    assert event(sender_id=17).sequence == "17"


@pytest.mark.parametrize(
    ("value", "column", "kind"),
    [
        ("two", "two", "string"),
        (2, "2", "number"),
        (2.5, "2.5", "number"),
        (False, "false", "boolean"),
        (None, None, None),
        ({"a": 1}, {"a": 1}, "object"),
        ([1], [1], "array"),
    ],
)
def test_a_slots_simple_value_is_text_and_its_type_is_kept(value: Any, column: Any, kind: str | None) -> None:
    _, (table, content, _) = event(event="slot", name="number", value=value).rows(0)
    assert (table, content["value"], content["value_type"]) == ("event_slot", column, kind)
