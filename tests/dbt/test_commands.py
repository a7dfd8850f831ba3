"""The commands of the way of working, by hand: their exit codes and what they say."""

from __future__ import annotations

import pytest
from chat_project import BOT, Chat

EVENT = {"event": "user", "sender_id": "s1", "timestamp": 1_700_000_000, "text": "hi", "metadata": {"user_id": 17}}


def undescribed(chat: Chat) -> dict[str, set[str]]:
    """By model: what has no description, and which descriptions are of no column, in the tables as they were built."""
    found = {}
    for node in chat.of_bot().manifest().nodes.values():
        if node.resource_type in ("model", "seed") and node.fqn[1] == "chat":
            described = {name for name, column in node.columns.items() if column.description}
            built = {row[0] for row in chat.query(f"describe {node.schema}.{node.alias}")}
            if wrong := (described ^ built) | ({"(itself)"} if not node.description else set()):
                found[node.name] = wrong
    return found


def test_source_tests_say_what_is_missing(chat: Chat, capfd: pytest.CaptureFixture[str]) -> None:
    assert not chat.dbt("test", "-s", "source:chat_raw", check=False)
    assert f"There is no table {BOT}_event.event_user" in capfd.readouterr().out
    chat.land([EVENT])
    assert chat.dbt("test", "-s", "source:chat_raw")
    with chat.connection() as connection:
        connection.query(f"alter table {BOT}_event.event_slot drop column value_type")
    assert not chat.dbt("test", "-s", "source:chat_raw", check=False)
    assert "lacks the columns value_type" in capfd.readouterr().out


def test_every_test_passes_and_a_user_id_may_never_have_come(chat: Chat) -> None:
    chat.vars["external_session_id"] = "metadata__never_seen"
    chat.land([EVENT])
    chat.dbt("seed")
    chat.dbt("run")
    chat.dbt("test")  # unit tests too
    rows = chat.query(f"select user_id, sender_id, external_session_id from {BOT}_views.sessions")
    assert rows == [("17", "s1", "s1")]
    assert undescribed(chat) == {}


def test_a_metric_needs_no_sql(chat: Chat) -> None:
    greeting = {**EVENT, "parse_data": {"intent": {"name": "greet", "confidence": 1.0}}}
    chat.land([greeting])
    chat.vars["special_events"] = {"welcome": {"intents": ["greet"]}}
    chat.dbt("build", "--exclude", "resource_type:unit_test")
    rows = chat.query(f"select welcome_count, welcome_session_id, handoff_count from {BOT}_views.sessions")
    assert rows == [(1, "17/1", 0)]
    assert chat.query(f"select welcome_sessions_count, containment_rate from {BOT}_views.bot_performance_daily") == [
        (1, 1)
    ]


def test_a_new_metric_asks_for_a_full_refresh(chat: Chat) -> None:
    chat.land([EVENT])
    chat.dbt("seed")
    chat.dbt("run")
    chat.vars["special_events"] = {"welcome": {"intents": ["greet"]}}
    assert not chat.dbt("run", check=False)
    chat.dbt("run", "--full-refresh")
    chat.dbt("run")
