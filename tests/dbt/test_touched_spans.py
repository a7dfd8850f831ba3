"""The spans of days that a run looks for its users' rows in: they hold all of these rows, and little else."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import pytest
from chat_project import BOT, Chat

START = datetime.fromisoformat("2024-01-01T12:00:00+00:00")
NO_TESTS = ("--exclude", "resource_type:unit_test", "resource_type:test")

Event = dict[str, Any]


def message(sender_id: str, day: int, user_id: str = "", seconds: float = 0) -> Event:
    metadata = {"metadata": {"user_id": user_id}} if user_id else {}
    time = (START + timedelta(days=day, seconds=seconds)).timestamp()
    return {"event": "user", "sender_id": sender_id, "timestamp": time, "text": "hi", **metadata}


def run(chat: Chat, run_id: str, *events: Event) -> None:
    chat.land(events)
    chat.dbt("run", run_id=run_id)
    chat.mark(run_id)


def spans(chat: Chat, run_id: str) -> list[tuple[int, int]]:
    """The first and last day of each, counted from the start."""
    rows = chat.query(
        f"select first_date, last_date from {BOT}_staging.int_chat__touched_spans where run_id = '{run_id}' order by 1"
    )
    return [((first - START.date()).days, (last - START.date()).days) for first, last in rows]


@pytest.fixture
def old(chat: Chat) -> Chat:
    """A history of 400 days: s1 was there on the first, s2 has a session on each."""
    chat.vars["compat_old_session_gap_minutes"] = 60
    chat.land([message("s1", 0), *(message("s2", day) for day in range(400))])
    chat.dbt("build", *NO_TESTS, run_id="history")
    chat.mark("history")
    return chat


def test_of_a_user_who_comes_back_after_a_year_two_days_are_looked_at(old: Chat) -> None:
    daily = f"{BOT}_views.bot_performance_daily"
    with old.connection() as connection:
        connection.query(f"update {daily} set users_count = 7")
    run(old, "return", message("s1", 399))
    assert spans(old, "return") == [(0, 0), (399, 399)]
    anew = old.query(f"select session_date, users_count from {daily} where users_count <> 7 order by 1")
    assert anew == [(date(2024, 1, 1), 2), (date(2025, 2, 3), 2)]

    with old.connection() as connection:
        connection.query(f"update {daily} set users_count = 1 where users_count = 7")
    assert old.differences_to_full_refresh("full") == {}


def test_the_days_of_a_user_who_loses_a_conversation_are_looked_at(old: Chat) -> None:
    run(old, "two conversations", message("s3", 100, user_id="anna"), message("s4", 200, user_id="anna"))
    # It names another user, and is older than what named anna.
    run(old, "late", message("s4", 199, user_id="berta"))
    assert spans(old, "late") == [(100, 100), (199, 200)]
    assert old.query(f"select user_id, sender_id from {BOT}_views.senders where user_id like '%a' order by 1") == [
        ("anna", "s3"),
        ("berta", "s4"),
    ]
    assert old.differences_to_full_refresh("full") == {}


def test_more_spans_than_are_kept_are_joined_over_the_smallest_gaps(old: Chat) -> None:
    # Every other day, and every tenth.
    days = [*range(0, 20, 2), *range(20, 400, 10)]
    run(old, "many days", *(message("s3", day) for day in days))
    run(old, "return", message("s3", 399, seconds=1))
    found = spans(old, "return")
    assert len(found) == 20
    assert found[0] == (0, 20)
    assert all(any(first <= day <= last for first, last in found) for day in [*days, 399])
    assert old.differences_to_full_refresh("full") == {}


def test_a_day_begins_at_midnight_and_ends_just_before_the_next(old: Chat) -> None:
    midnight = 12 * 3600
    run(old, "midnight", message("s3", 10, seconds=midnight))
    run(old, "just before", message("s3", 12, seconds=midnight - 0.000001))
    assert spans(old, "just before") == [(11, 12)]
    run(old, "return", message("s3", 30))
    assert spans(old, "return") == [(11, 12), (30, 30)]
    assert old.differences_to_full_refresh("full") == {}


def test_a_model_of_an_older_run_finds_what_later_runs_have_built(old: Chat) -> None:
    old.land([message("s1", 100)])
    old.dbt("run", "--exclude", "senders", run_id="run 1")  # senders fails, so nothing is marked
    old.land([message("s1", 200)])
    old.dbt("run", "--exclude", "senders", run_id="run 2")
    old.dbt("run", "-s", "senders", run_id="run 1")
    assert old.query(f"select cast(last_seen_at as date) from {BOT}_views.senders where sender_id = 's1'") == [
        ((START + timedelta(days=200)).date(),)
    ]
    assert old.differences_to_full_refresh("full") == {}
