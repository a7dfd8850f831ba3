"""The archives: a row that changes between two runs is there in both versions, each with its validity."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
from chat_project import BOT, Chat
from support_project import Support

NO_TESTS = ("--exclude", "resource_type:unit_test", "resource_type:test")
TAGGED = {
    "event_timestamp": "2024-01-01 10:00:00",
    "conversation_id": "1",
    "user_id": "u1",
    "agent_id": None,
    "event": "tag_assigned",
    "event_value": "login",
}


def arrivals(support: Support) -> list[datetime]:
    """When each load arrived (UTC)."""
    rows = support.query(
        "select inserted_at at time zone 'UTC' from support_raw._loads where status = 0 order by inserted_at"
    )
    return [row[0] for row in rows]


def versions(support: Support, table: str, key: str, column: str) -> list[tuple[Any, ...]]:
    return support.query(
        f"select {key}, {column}, dbt_valid_from, dbt_valid_to from {table} order by 1, 3, 4 nulls last"
    )


def test_support_keeps_both_versions_and_when_each_was_valid(support: Support) -> None:
    support.land(
        users=[{"user_id": "u1", "country": "AT"}, {"user_id": "u2", "country": "DE"}],
        agents=[{"agent_id": "1", "team": "red"}],
        tags=[{"tag": "Login", "description": "sign in"}],
        conversation_events=[TAGGED],
    )
    support.build(run_id="run 1")
    support.land(
        users=[{"user_id": "u1", "country": "CH"}, {"user_id": "u2", "country": "DE"}],
        agents=[{"agent_id": "1", "team": "blue"}],
        tags=[{"tag": "login", "description": "log in"}],
    )
    support.build(run_id="run 2")
    first, second = arrivals(support)
    assert versions(support, "archive_dev.support_users_snapshot", "user_id", "country") == [
        ("u1", "AT", first, second),
        ("u1", "CH", second, None),
        ("u2", "DE", first, None),
    ]
    assert versions(support, "archive_dev.support_agents_snapshot", "agent_id", "team") == [
        ("1", "red", first, second),
        ("1", "blue", second, None),
    ]
    logins = [row for row in versions(support, "archive_dev.support_tags_snapshot", "tag", "description") if row[1]]
    assert logins == [("login", "sign in", first, second), ("login", "log in", second, None)]

    # Again, and with a full refresh: nothing changes.
    before = versions(support, "archive_dev.support_users_snapshot", "user_id", "country")
    support.build(run_id="run 2")
    support.build("--full-refresh", run_id="full")
    assert versions(support, "archive_dev.support_users_snapshot", "user_id", "country") == before

    # Back to what it was is a third version; a list that lacks a row ends no history.
    support.land(users=[{"user_id": "u1", "country": "AT"}])
    support.build(run_id="run 3")
    third = arrivals(support)[2]
    assert versions(support, "archive_dev.support_users_snapshot", "user_id", "country") == [
        ("u1", "AT", first, second),
        ("u1", "CH", second, third),
        ("u1", "AT", third, None),
        ("u2", "DE", first, None),
    ]
    support.dbt("test", select=["path:snapshots/support"])


def test_a_reason_that_is_given_another_tag_is_a_version(support: Support) -> None:
    support.land(conversation_events=[TAGGED])
    support.build(run_id="run 1")
    support.land(conversation_events=[{**TAGGED, "conversation_id": "2"}])
    support.dbt("seed", run_id="run 2")
    with support.connection() as connection:
        connection.query("update support_staging.tag_reasons set reason_group = 'account' where tag = 'login'")
    support.dbt("build", *NO_TESTS, select=["path:models/support", "path:snapshots/support"], run_id="run 2")
    first, second = arrivals(support)
    found = versions(support, "archive_dev.support_tags_snapshot", "tag", "reason_group")
    assert [row for row in found if row[0] == "login"] == [
        ("login", "login", first, second),
        ("login", "account", second, None),
    ]


@pytest.mark.parametrize(
    ("suffix", "environment", "schema"),
    [
        (None, "dev", "archive_dev"),
        (None, "", "archive_dev"),
        (None, "prod", "archive"),
        ("_dev2", "ci", "archive_dev2"),
        ("", "dev", "archive"),
    ],
)
def test_the_suffix_chooses_the_archive(support: Support, suffix: str | None, environment: str, schema: str) -> None:
    if suffix is not None:
        support.vars["schema_suffix"] = suffix
    nodes = support.manifest(environment).nodes.values()
    assert {node.schema for node in nodes if node.resource_type == "snapshot"} == {schema}


def test_several_bots_are_side_by_side_and_an_archive_is_made_by_hand(chat: Chat) -> None:
    def message(second: int, **metadata: Any) -> dict[str, Any]:
        at = 1_700_000_000 + second
        model = {"model_id": "abc", "user_id": "u1"}
        return {"event": "user", "sender_id": "s1", "timestamp": at, "text": "hi", "metadata": {**model, **metadata}}

    select = ("--select", "path:models/chat", "path:seeds/chat", "path:snapshots/chat", *NO_TESTS)
    chat.land([message(0)])
    chat.dbt("build", *select, run_id="run 1")
    chat.mark("run 1")
    chat.land([message(1), message(90_000)])
    chat.dbt("build", *select, run_id="run 2")
    chat.dbt("build", *select, run_id="run 2", destination="other_bot")

    arrived = [
        row[0]
        for row in chat.query(
            f"select inserted_at at time zone 'UTC' from {BOT}_event._loads where status = 0 order by 1"
        )
    ]
    columns = "user_id, interactions_count, dbt_valid_from, dbt_valid_to"
    assert chat.query(f"select {columns} from archive_dev.{BOT}_users_snapshot order by dbt_valid_from") == [
        ("u1", 1, arrived[0], arrived[1]),
        ("u1", 3, arrived[1], None),
    ]
    assert chat.query(f"select {columns} from archive_dev.other_bot_users_snapshot") == [("u1", 3, arrived[1], None)]
    models = chat.query(f"select model_id, dbt_valid_from, dbt_valid_to from archive_dev.{BOT}_models_snapshot")
    assert models == [("abc", arrived[0], None)]

    chat.vars["schema_suffix"] = "_dev2"
    chat.dbt("snapshot", "--select", "path:snapshots/chat")
    assert chat.query(f"select {columns} from archive_dev2.{BOT}_users_snapshot") == [("u1", 3, arrived[1], None)]
