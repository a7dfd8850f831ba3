"""The lifecycle of conversations and the contact reasons, computed a second time in Python."""

from __future__ import annotations

import csv
from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from project import DBT
from support_histories import history
from support_project import Support

SAMPLE = Path(__file__).resolve().parents[2] / "sample_data" / "support"
COLUMNS = (
    "id, user_id, status, opened_at, closed_at, number_involved_agents, number_tags_assigned, "
    "interaction_between_customer, number_reopenings, payments_related, app_related, login_related"
)

Row = dict[str, Any]


def reasons() -> dict[str, str]:
    with Path(DBT, "seeds", "support", "tag_reasons.csv").open() as file:
        return {row["tag"]: row["reason_group"] for row in csv.DictReader(file)}


def at(row: Row) -> datetime:
    return datetime.strptime(row["event_timestamp"], "%Y-%m-%d %H:%M:%S")


def conversations(rows: Iterable[Row]) -> dict[str, list[Row]]:
    """The events of each conversation in order: by time, and those of one time as they came; each once."""
    found: dict[str, list[Row]] = defaultdict(list)
    seen = set()
    for row in rows:
        identity = tuple(sorted((name, value or "") for name, value in row.items()))
        if identity not in seen:
            seen.add(identity)
            found[row["conversation_id"]].append(row)
    return {name: sorted(events, key=at) for name, events in found.items()}


def lifecycle(name: str, events: list[Row], groups: dict[str, str]) -> tuple[Any, ...]:
    """The row of a conversation, walking through its events."""
    status: str | None = None
    opened = closed = None
    reopened = messages = 0
    agents, tags = set(), set()
    for event in events:
        kind, value = event["event"], event["event_value"]
        new = value.upper() if kind == "status_changed_to" else status
        if kind == "customer_message_received" and status == "CLOSED":
            new = "OPEN"
        if new != status:
            if status is None:
                opened = at(event) if new == "OPEN" else at(events[0])
            reopened += status == "CLOSED"
            closed = at(event) if new == "CLOSED" else None
            status = new
        messages += kind in ("customer_message_received", "message_sent_to_customer")
        agents.add({"agent_assigned": value, "message_sent_to_customer": event["agent_id"] or None}.get(kind))
        if kind == "tag_assigned":
            tags.add(value.lower())
    about = {groups.get(tag) for tag in tags}
    return (
        name,
        events[0]["user_id"],
        status,
        opened or at(events[0]),
        closed,
        len(agents - {None}),
        len(tags),
        messages,
        reopened,
        *(group in about for group in ("payments", "app", "login")),
    )


def sample(batch: str) -> list[Row]:
    """The rows of a batch that are no bad ones: they were picked by eye."""
    with (SAMPLE / batch / "conversation_events.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    return [
        row
        for row in rows
        if (row["conversation_id"].startswith("5632") and not row["conversation_id"].startswith("56329999"))
        or row["event"] == "conversation_snoozed"
    ]


def check(support: Support, rows: list[Row]) -> None:
    groups = reasons()
    expected = {name: lifecycle(name, events, groups) for name, events in conversations(rows).items()}
    built = {row[0]: row for row in support.query(f"select {COLUMNS} from support_marts.fct_conversation_lifecycle")}
    assert built == expected
    for hours, opened, closed in support.query(
        "select hours_to_resolve, opened_at, closed_at from support_marts.fct_conversation_lifecycle"
    ):
        assert hours == (None if closed is None else pytest.approx((closed - opened).total_seconds() / 3600))


@pytest.mark.parametrize("seed", [11, 12])
def test_random_histories(support: Support, seed: int) -> None:
    batches = history(seed)
    support.dbt("seed")
    for number, batch in enumerate(batches):
        support.land(conversation_events=batch)
        support.dbt("run", run_id=f"run {number}")
        support.mark(f"run {number}")
    check(support, [row for batch in batches for row in batch])


def test_who_answers_comes_after_the_message_and_who_tags_is_no_agent_of_it(support: Support) -> None:
    def row(minute: str, event: str, value: str, agent: str = "") -> Row:
        who = {"conversation_id": "c", "user_id": "u", "agent_id": agent}
        return {**who, "event_timestamp": f"2024-01-01 10:{minute}:00", "event": event, "event_value": value}

    rows = [
        row("00", "message_sent_to_customer", "Hello! How can I help?", agent="1"),
        row("00", "customer_message_received", "Where is my order?"),
        row("20", "tag_assigned", "delivery", agent="7"),
        row("30", "message_sent_to_customer", "On its way.", agent="1"),
        row("40", "status_changed_to", "Closed", agent="9"),
    ]
    support.land(conversation_events=rows)
    support.dbt("build", "--exclude", "resource_type:unit_test", run_id="run")
    columns = "first_response_minutes, number_involved_agents"
    assert support.query(f"select {columns} from support_marts.fct_conversation_lifecycle") == [(30, 1)]


def test_the_sample_with_all_of_its_traps(support: Support) -> None:
    for number, batch in enumerate(("batch_1", "batch_2")):
        support.unpack(SAMPLE / batch)
        support.dbt("build", "--exclude", "resource_type:unit_test", run_id=f"run {number}")
        support.mark(f"run {number}")
    rows = [*sample("batch_1"), *sample("batch_2")]
    check(support, rows)

    def rows_of(sql: str) -> list[tuple[Any, ...]]:
        return support.query(sql.replace("marts.", "support_marts."))

    # Statuses in mixed case; three conversations without any, and the one that was only snoozed.
    assert rows_of("select status, count(*) from marts.fct_conversations group by 1 order by 1 nulls last") == [
        ("CLOSED", 1614),
        ("OPEN", 186),
        ("WAITING FOR CUSTOMER", 197),
        (None, 4),
    ]
    # Opened again without an `Open` row: the last status is `Closed`, and a customer's message follows.
    statuses = dict(rows_of("select conversation_id, status from marts.fct_conversations"))
    last = {
        name: [event["event_value"].upper() for event in events if event["event"] == "status_changed_to"][-1:]
        for name, events in conversations(rows).items()
    }
    assert sum(last[name] == ["CLOSED"] and status == "OPEN" for name, status in statuses.items()) == 5
    # Closed without an agent; an agent who is only in event_value.
    assert rows_of(
        "select count(*) from marts.fct_conversation_lifecycle where status = 'CLOSED' and number_involved_agents = 0"
    ) == [(41,)]
    assert rows_of(
        "select count(*) from (select conversation_id, agent_id from marts.fct_conversation_events "
        "where agent_id is not null group by all having bool_and(event = 'agent_assigned'))"
    ) != [(0,)]
    # A customer who is in no list has no attributes, and is there.
    assert rows_of("select user_id, email, country from marts.dim_user where email is null") == [("1201", None, None)]

    contacts: Counter[tuple[str, str | None]] = Counter()
    for events in conversations(rows).values():
        tags = {event["event_value"] for event in events if event["event"] == "tag_assigned"}
        contacts.update((f"{at(events[0]):%Y-%m}", tag) for tag in tags or {None})
    assert {
        (f"{month:%Y-%m}", tag): count
        for month, tag, count in rows_of(
            "select period_start, tag, conversations from marts.contact_reasons_monthly where conversations > 0"
        )
    } == contacts


def test_a_new_kind_of_event_and_a_new_tag_need_no_change_of_code(support: Support) -> None:
    row = {"event_timestamp": "2019-04-04 1:18:45", "conversation_id": "1", "user_id": "u", "agent_id": None}
    merged = {**row, "event": "conversation_merged", "event_value": "2"}
    tagged = {**row, "event": "tag_assigned", "event_value": "Brand new"}
    support.land(conversation_events=[merged, tagged])
    support.dbt("build", "--exclude", "resource_type:unit_test")
    assert support.query(
        "select event, event_value, tag from support_marts.fct_conversation_events order by event"
    ) == [("conversation_merged", "2", None), ("tag_assigned", "Brand new", "brand new")]
    assert support.query("select reason_group from support_marts.dim_tag where tag = 'brand new'") == [(None,)]
    assert support.query("select tag, share from support_marts.contact_reasons_daily") == [("brand new", 1)]


def test_a_reason_that_changes_changes_the_past_too(support: Support) -> None:
    row = {"event_timestamp": "2024-01-01 10:00:00", "conversation_id": "1", "user_id": "u", "agent_id": None}
    support.land(conversation_events=[{**row, "event": "tag_assigned", "event_value": "feedback"}])
    support.dbt("seed")
    support.dbt("run", run_id="run 1")
    support.mark("run 1")
    assert support.query("select app_related from support_marts.fct_conversation_lifecycle") == [(False,)]
    with support.connection() as connection:
        connection.query("update support_staging.tag_reasons set reason_group = 'app' where tag = 'feedback'")
    support.dbt("run", run_id="run 2")
    assert support.query("select app_related from support_marts.fct_conversation_lifecycle") == [(True,)]


def test_what_is_older_than_the_calendar_is_counted_too(support: Support) -> None:
    row = {"conversation_id": "1", "user_id": "u", "agent_id": None, "event": "tag_assigned", "event_value": "refund"}
    times = ("2014-05-05 10:00:00", "2015-12-31 10:00:00", "2016-01-02 10:00:00")
    support.land(conversation_events=[{**row, "event_timestamp": time, "conversation_id": time[:10]} for time in times])
    support.dbt("build", "--exclude", "resource_type:unit_test")
    for period in ("daily", "weekly", "monthly"):
        sql = f"select sum(conversations) from support_marts.contact_reasons_{period}"
        assert support.query(sql) == [(3,)], period


def test_an_assignment_counts_for_whom_it_was_made(support: Support) -> None:
    row = {"event_timestamp": "2024-01-01 10:00:00", "conversation_id": "1", "user_id": "u"}
    support.land(
        conversation_events=[{**row, "event": "agent_assigned", "agent_id": "who_assigns", "event_value": "who_works"}]
    )
    support.dbt("seed")
    support.dbt("run")
    assert support.query("select agent_id from support_marts.dim_agent") == [("who_works",)]
