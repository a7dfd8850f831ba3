"""Each chart: the numbers it draws for given rows, and that every axis says what it is."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import plotly.graph_objects as go
import pytest

from parley.ui.charts import chat, ecommerce, support

DAILY = [
    {
        "day": day,
        "sessions_count": sessions,
        "new_sessions_count": new,
        "bounced_sessions_count": 1,
        "handoff_sessions_count": handoffs,
        "interactions_count": 10,
        "happy_user_sessions_count": 2,
    }
    for day, sessions, new, handoffs in (("2026-01-01", 4, 3, 1), ("2026-01-03", 5, 5, 0))
]
FLOW = [
    {"day": "2026-01-01", "step": 1, "source": "greet", "target": "book", "sessions_count": 3},
    {"day": "2026-01-02", "step": 1, "source": "greet", "target": "book", "sessions_count": 2},
    {"day": "2026-01-02", "step": 2, "source": "book", "target": None, "sessions_count": 5},
]
FORMS = [{"day": "2026-01-01", "form": "booking_form", "opened_count": 10}]
SLOTS = [
    {"day": "2026-01-01", "form": "booking_form", "slot": "date", "asked_count": 6, "given_count": 3, "place_sum": 12},
    {"day": "2026-01-01", "form": "booking_form", "slot": "city", "asked_count": 9, "given_count": 8, "place_sum": 9},
    {"day": "2026-01-01", "form": "other_form", "slot": "name", "asked_count": 1, "given_count": 1, "place_sum": 1},
]
INTENTS = [{"day": "2026-01-01", "intent": f"intent_{n}", "interactions_count": n} for n in range(20)]
SHOP = [
    {
        "day": "2026-01-01",
        "dau": 10,
        "new_users": 4,
        "total_sessions": 20,
        "bounced_sessions": 5,
        "session_seconds_sum": 2400,
        "orders": 2,
        "revenue": 50.5,
    }
]
CREDITS = [
    {"day": "2026-01-01", "model": model, "channel": channel, "credited_orders": 1, "revenue": revenue}
    for model, channel, revenue in (
        ("first_touch", "email", 60),
        ("first_touch", "direct", 40),
        ("last_non_direct", "email", 100),
        ("last_non_direct", "direct", 0),
        ("own_model", "email", 100),
    )
]
REASONS = [
    {"day": day, "tag": tag, "reason_group": None, "conversations": count, "average_hours_to_resolve": hours}
    for day, tag, count, hours in (
        ("2026-01-01", "login", 3, 2.0),
        ("2026-01-02", "login", 1, 6.0),
        ("2026-01-02", None, 2, None),
    )
]
CONVERSATIONS = [
    {
        "day": "2026-01-01",
        "opened_count": 5,
        "reopened_count": 1,
        "still_open_count": 2,
        "resolved_count": 3,
        "resolve_hours_sum": 9.0,
        "answered_count": 4,
        "response_minutes_sum": 100.0,
    }
]

FIGURES = {
    "sessions": chat.sessions(DAILY),
    "rates": chat.rates(DAILY),
    "special_events": chat.special_events(DAILY),
    "intents": chat.intents(INTENTS),
    "form_funnel": chat.form_funnel("booking_form", FORMS, SLOTS),
    "intent_flow": chat.intent_flow(FLOW),
    "users": ecommerce.users(SHOP),
    "bounces": ecommerce.bounces(SHOP),
    "session_length": ecommerce.session_length(SHOP),
    "revenue": ecommerce.revenue(SHOP),
    "attribution": ecommerce.attribution(CREDITS),
    "channels_over_time": ecommerce.channels_over_time(CREDITS, "last_non_direct"),
    "reasons_over_time": support.reasons_over_time(REASONS),
    "hours_to_resolve": support.hours_to_resolve(REASONS),
    "conversations": support.conversations(CONVERSATIONS),
    "first_response": support.first_response(CONVERSATIONS),
}


def drawn(name: str, axis: str = "y") -> dict[str, list[Any]]:
    """The values of each trace, by its name."""
    return {trace["name"]: list(trace[axis]) for trace in FIGURES[name].data}


@pytest.mark.parametrize("name", FIGURES)
def test_every_axis_has_a_title_and_nothing_is_fixed_to_light_or_dark(name: str) -> None:
    figure: go.Figure = FIGURES[name]
    if name != "intent_flow":
        assert figure.layout.xaxis.title.text or figure.layout.yaxis.title.text
        assert any(axis.tickformat for axis in (figure.layout.xaxis, figure.layout.yaxis))
    assert figure.layout.paper_bgcolor == "rgba(0,0,0,0)"
    assert figure.layout.font.color is None
    assert "http" not in json.dumps(figure.to_plotly_json(), default=str)


@pytest.mark.parametrize(
    "figure",
    [
        chat.sessions([]),
        chat.rates([]),
        chat.special_events([]),
        chat.intents([]),
        chat.intent_flow([]),
        ecommerce.users([]),
        ecommerce.attribution([]),
        ecommerce.channels_over_time([], "linear"),
        support.reasons_over_time([]),
        support.hours_to_resolve([]),
        support.first_response([]),
    ],
)
def test_without_rows_there_is_an_empty_chart(figure: go.Figure) -> None:
    assert figure.to_json()


def test_sessions_of_new_and_returning_users_make_all_with_a_gap_for_a_day_without() -> None:
    assert drawn("sessions", "x")["new users"] == ["2026-01-01", "2026-01-02", "2026-01-03"]
    assert drawn("sessions") == {"new users": [3, 0, 5], "returning users": [1, 0, 0]}


def test_rates_are_of_the_days_sessions_and_a_day_without_has_none() -> None:
    assert drawn("rates") == {"contained": [0.75, None, 1.0], "bounced": [0.25, None, 0.2]}


def test_special_events_are_shares_of_all_sessions_in_order() -> None:
    [bars] = FIGURES["special_events"].data
    assert dict(zip(bars.y, bars.x, strict=True)) == {"happy user": 4 / 9, "handoff": 1 / 9}


def test_the_most_frequent_intents_are_shown() -> None:
    [bars] = FIGURES["intents"].data
    assert (bars.y[0], bars.x[0], len(bars.y)) == ("intent 19", 19, chat.MOST_INTENTS)


def test_a_form_asks_for_its_slots_in_their_order() -> None:
    asked, given = FIGURES["form_funnel"].data
    assert list(asked.y) == ["opened", "city", "date"]
    assert list(asked.x) == [10, 9, 6]
    assert list(given.x) == [None, 8, 3]
    assert list(given.customdata) == [None, pytest.approx(8 / 9), 0.5]


def test_the_flow_adds_up_days_and_ends() -> None:
    [flow] = FIGURES["intent_flow"].data
    labels = list(flow.node.label)
    links = {
        (labels[source], labels[target]): value
        for source, target, value in zip(flow.link.source, flow.link.target, flow.link.value, strict=True)
    }
    assert links == {("greet", "book"): 5, ("book", "end of session"): 5}


def test_the_flow_sums_up_rare_intents() -> None:
    rows = [
        {"day": "2026-01-01", "step": 1, "source": f"intent_{n}", "target": None, "sessions_count": 100 - n}
        for n in range(30)
    ]
    [flow] = chat.intent_flow(rows).data
    assert len(flow.node.label) == chat.MOST_FLOW_INTENTS + 2
    assert sum(flow.link.value) == sum(100 - n for n in range(30))


def test_users_of_several_days_are_not_added_up() -> None:
    days = [{**SHOP[0], "day": f"2026-{month:02}-01", "dau": 10} for month in range(1, 13)]
    figure = ecommerce.users(days)
    assert {new + returning for new, returning in zip(*(trace.y for trace in figure.data), strict=True) if new} == {10}


def test_attribution_has_a_bar_for_each_model_and_channel() -> None:
    assert drawn("attribution") == {"first touch": [60, 40], "last non direct": [100, 0], "own model": [100, 0]}
    assert list(FIGURES["attribution"].data[0].x) == ["email", "direct"]


def test_channels_over_time_are_those_of_the_model() -> None:
    assert drawn("channels_over_time") == {"email": [100], "direct": [0]}


def test_a_conversation_without_a_tag_is_a_reason_too() -> None:
    assert drawn("reasons_over_time") == {"login": [3, 1], "without a tag": [0, 2]}


def test_hours_are_weighted_by_conversations() -> None:
    [bars] = FIGURES["hours_to_resolve"].data
    assert dict(zip(bars.y, bars.x, strict=True)) == {"login": 3.0}


def test_the_first_answer_is_an_average_of_those_answered() -> None:
    assert drawn("first_response") == {"first answer": [25.0]}


def test_weeks_are_marked_by_their_mondays() -> None:
    days = [{**SHOP[0], "day": f"2026-{month:02}-05"} for month in range(1, 8)]
    axis = ecommerce.bounces(days).layout.xaxis
    assert axis.title.text == "Week from (UTC)"
    assert {date.fromisoformat(tick).weekday() for tick in axis.tickvals} == {0}
