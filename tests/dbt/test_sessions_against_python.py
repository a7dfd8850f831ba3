"""Sessions and interactions of the sample against the rules of issue 3, written a second time in Python."""

from __future__ import annotations

import json
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from chat_project import BOT, Chat

SAMPLE = Path(__file__).resolve().parents[2] / "sample_data" / "chat"
KINDS = {"user", "bot", "slot", "action", "active_loop", "session_started"}

Event = dict[str, Any]
Place = tuple[str, int, int, int]
"""User, session of the sender, session of the user, interaction."""


def read(batch: str) -> list[Event]:
    paths = sorted((SAMPLE / batch).glob("*.ndjson"))
    return [json.loads(line) for path in paths for line in path.read_text().splitlines() if line.strip()]


def is_start(event: Event) -> bool:
    return event["event"] == "action" and event["name"] in ("action_session_start", "action_restart")


def is_metadata(event: Event) -> bool:
    return event["event"] == "slot" and event["name"] == "session_started_metadata"


def user_of(sender_id: str, events: list[Event]) -> str:
    for event in events:
        if event["event"] in ("user", "session_started"):
            metadata = event.get("metadata") or {}
            known = metadata.get("user_id", metadata.get("userId"))  # one column in the raw schema
            if known is not None and str(known).strip():
                return str(known).strip()
    return sender_id


def split(events: list[Event], gap: timedelta | None) -> list[list[Event]]:
    """The sessions of one conversation."""
    sessions: list[list[Event]] = []
    for number, event in enumerate(events):
        previous = events[number - 1] if number else None
        begun = previous is not None and is_metadata(previous) and is_start(event)
        announced = is_metadata(event) and number + 1 < len(events) and is_start(events[number + 1])
        late = gap is not None and previous is not None and event["at"] - previous["at"] > gap
        if previous is None or (not begun and (is_start(event) or announced or late)):
            sessions.append([])
        sessions[-1].append(event)
    return sessions


def places(events: list[Event], gap: timedelta | None) -> tuple[dict[tuple[str, int], Place], dict[str, int]]:
    """Where each event belongs, by sender and position, and how many sessions each user has."""
    conversations: dict[str, list[Event]] = defaultdict(list)
    positions: dict[str, int] = defaultdict(int)
    for event in events:
        sender_id = str(event["sender_id"])
        at = datetime.fromtimestamp(event["timestamp"], UTC)
        conversations[sender_id].append({**event, "at": at, "pos": positions[sender_id]})
        positions[sender_id] += 1
    starts: dict[str, list[tuple[datetime, str, int, list[Event]]]] = defaultdict(list)
    for sender_id, conversation in conversations.items():
        in_order = sorted((e for e in conversation if e["event"] in KINDS), key=lambda e: (e["at"], e["pos"]))
        for number, session in enumerate(split(in_order, gap), start=1):
            starts[user_of(sender_id, in_order)].append((session[0]["at"], sender_id, number, session))
    found: dict[tuple[str, int], Place] = {}
    for user_id, sessions in starts.items():
        ranked = sorted(sessions, key=lambda session: session[:3])
        for session_nr, (_, sender_id, sender_session_nr, session) in enumerate(ranked, start=1):
            interaction_nr = 0
            for event in session:
                interaction_nr += event["event"] == "user"
                found[sender_id, event["pos"]] = (user_id, sender_session_nr, session_nr, interaction_nr)
    return found, {user_id: len(sessions) for user_id, sessions in starts.items()}


@pytest.mark.parametrize("gap_minutes", [None, 30])
def test_the_sample(chat: Chat, gap_minutes: int | None) -> None:
    if gap_minutes is not None:
        chat.vars["compat_old_session_gap_minutes"] = gap_minutes
    batches = [read("batch_1"), read("batch_2")]
    chat.land(batches[0])
    chat.dbt("build", "--exclude", "resource_type:unit_test", "resource_type:test", run_id="run 1")
    chat.mark("run 1")
    chat.land(batches[1])
    chat.dbt("run", run_id="run 2")
    if gap_minutes is None:
        chat.dbt("test", "--exclude", "test_type:unit")

    gap = None if gap_minutes is None else timedelta(minutes=gap_minutes)
    expected, sessions = places([*batches[0], *batches[1]], gap)
    rows = chat.query(
        "select sender_id, _pos, user_id, sender_session_nr, session_nr, interaction_nr, session_id, interaction_id "
        f"from {BOT}_staging.int_chat__events"
    )
    assert {(row[0], row[1]): row[2:6] for row in rows} == expected
    for _, _, user_id, _, session_nr, interaction_nr, session_id, interaction_id in rows:
        assert session_id == f"{user_id}/{session_nr}"
        assert interaction_id == f"{user_id}/{session_nr}/{interaction_nr}"
    assert dict(chat.query(f"select user_id, sessions_count from {BOT}_views.users")) == sessions
    [[interactions, ids]] = chat.query(f"select count(*), count(distinct interaction_id) from {BOT}_views.interactions")
    assert interactions == ids == len(set(expected.values()))
