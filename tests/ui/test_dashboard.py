"""The sections of the dashboard: their days, their comparison with the days before, and why one is empty."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from parley.extracts import Extract, Record
from parley.pipelines import bot, shop, support_desk
from parley.ui.dashboard import DAYS, Days, Period, make_section

NOW = datetime(2026, 1, 31, 8, tzinfo=UTC)
BOT = bot("helper", source="nowhere")
FIRST = date(2026, 1, 1)


def daily(number: int, sessions: int = 10, handoffs: int = 1) -> list[Record]:
    return [
        {
            "day": (FIRST + timedelta(day)).isoformat(),
            "sessions_count": sessions,
            "new_sessions_count": 4,
            "bounced_sessions_count": 2,
            "handoff_sessions_count": handoffs,
            "interactions_count": 35,
        }
        for day in range(number)
    ]


def test_unless_days_are_chosen_the_last_ones_are_shown() -> None:
    section = make_section(BOT, Extract(NOW, [], {"daily": daily(200)}), Days())
    assert section.period
    assert section.period.last == FIRST + timedelta(199)
    assert (section.period.last - section.period.first).days == DAYS - 1


def test_chosen_days_are_shown_and_compared_with_as_many_before() -> None:
    rows = [*daily(10, sessions=10, handoffs=2), *daily(20, sessions=20, handoffs=1)[10:]]
    section = make_section(BOT, Extract(NOW, [], {"daily": rows}), Days(date(2026, 1, 11), date(2026, 1, 20)))
    sessions, contained, *_ = section.numbers
    assert (sessions.value, sessions.change, sessions.is_better) == ("200", "+100%", None)
    assert (contained.value, contained.change, contained.is_better) == ("95.0%", "+15.0 pp", True)


def test_days_without_data_are_not_compared_with() -> None:
    section = make_section(BOT, Extract(NOW, [], {"daily": daily(15)}), Days(date(2026, 1, 6), date(2026, 1, 15)))
    assert {number.change for number in section.numbers} == {""}


def test_days_of_which_there_is_nothing_say_from_when_there_is() -> None:
    section = make_section(BOT, Extract(NOW, [], {"daily": daily(5)}), Days(date(2030, 1, 1), date(2030, 1, 2)))
    assert section.notes == ["There is no data of these days. It goes from 2026-01-01 to 2026-01-05."]
    assert section.charts == []


def test_days_the_wrong_way_about_are_one_day() -> None:
    section = make_section(BOT, Extract(NOW, [], {"daily": daily(5)}), Days(date(2026, 1, 4), date(2026, 1, 2)))
    assert section.period == Period(date(2026, 1, 2), date(2026, 1, 2))


@pytest.mark.parametrize(
    "chosen",
    [
        Days(first=date.min),
        Days(first=date(202, 1, 1)),
        Days(last=date(1, 1, 5)),
        Days(last=date.max),
        Days(date.min, date.max),
    ],
)
def test_days_at_the_ends_of_the_calendar_are_days_too(chosen: Days) -> None:
    section = make_section(BOT, Extract(NOW, [], {"daily": daily(5)}), chosen)
    assert section.period
    has_data = section.period.first <= FIRST + timedelta(4) and section.period.last >= FIRST
    assert (section.notes == []) == has_data
    assert {number.change for number in section.numbers} <= {""}


def test_a_domain_without_extract_or_marts_says_why() -> None:
    assert "Nothing has been published yet" in make_section(shop(), None, Days()).notes[0]
    why = {"contact_reasons": "It has not been built yet.", "conversations": "It has not been built yet."}
    assert make_section(support_desk(), Extract(NOW, [], {}, why), Days()).notes == ["It has not been built yet."]
    assert "no load has been processed yet" in make_section(BOT, Extract(NOW, [], {"daily": []}), Days()).notes[0]


def test_what_is_missing_leaves_the_rest() -> None:
    section = make_section(
        BOT, Extract(NOW, [], {"daily": daily(5)}, {"intents": "interactions is not there."}), Days()
    )
    assert [chart.title for chart in section.charts] == ["Sessions", "Containment and bounce", "Special events"]
    assert section.notes == ["interactions is not there."]
    rest = {"intents": [{"day": "2026-01-01", "intent": "greet", "interactions_count": 1}]}
    section = make_section(BOT, Extract(NOW, [], rest, {"daily": "It is not there."}), Days())
    assert section.numbers == []
    assert [chart.title for chart in section.charts] == ["Intents"]


def test_a_name_from_the_data_cannot_end_the_script_it_is_in() -> None:
    rest = {"intents": [{"day": "2026-01-01", "intent": "</script><b>", "interactions_count": 1}]}
    [chart] = make_section(BOT, Extract(NOW, [], rest), Days()).charts
    assert "<" not in chart.json
