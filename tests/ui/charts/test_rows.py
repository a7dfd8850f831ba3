"""Sums over the rows of an extract."""

from __future__ import annotations

import itertools
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parley.ui.charts.rows import MOST_DAYS, OTHER, by_category, by_period, largest, period_start, share

DAYS = st.dates(date(2024, 1, 1), date(2027, 12, 31))
ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "day": DAYS.map(date.isoformat),
            "number": st.one_of(st.none(), st.integers(0, 100)),
            "kind": st.sampled_from("abcdef"),
        }
    )
)


@pytest.mark.parametrize(("grain", "start"), [("day", "2026-01-31"), ("week", "2026-01-26"), ("month", "2026-01-01")])
def test_a_period_is_named_by_its_first_day(grain: str, start: str) -> None:
    assert period_start("2026-01-31", grain) == start  # type: ignore[arg-type]


@given(ROWS)
def test_periods_lose_nothing_and_follow_each_other(rows: list[dict[str, object]]) -> None:
    periods = by_period(rows, ["number"])
    assert sum(values["number"] for values in periods.values()) == sum(row["number"] or 0 for row in rows)  # type: ignore[misc]
    starts = [date.fromisoformat(start) for start in periods]
    gaps = {later - earlier for earlier, later in itertools.pairwise(starts)}
    assert gaps <= {timedelta(1)} or gaps <= {timedelta(7)} or gaps <= {timedelta(days) for days in (28, 29, 30, 31)}


@given(ROWS)
def test_categories_lose_nothing_and_have_the_same_periods(rows: list[dict[str, object]]) -> None:
    categories = by_category(rows, "number", "kind", 3)
    total = sum(value for periods in categories.values() for value in periods.values())
    assert total == sum(row["number"] or 0 for row in rows)  # type: ignore[misc]
    assert len({tuple(periods) for periods in categories.values()}) <= 1
    assert list(categories)[3:] in ([], [OTHER])


def test_a_long_time_is_drawn_in_weeks_or_months() -> None:
    def periods(days: int) -> int:
        ends = [{"day": str(date(2026, 1, 1)), "n": 1}, {"day": str(date(2026, 1, 1) + timedelta(days)), "n": 1}]
        return len(by_period(ends, ["n"]))

    assert periods(MOST_DAYS) == MOST_DAYS + 1
    assert periods(365) == 53
    assert periods(3 * 365) == 36


def test_the_largest_come_first_and_equal_ones_by_name() -> None:
    rows = [{"kind": kind, "n": number} for kind, number in (("b", 2), ("a", 2), ("c", 1), ("c", 3), ("d", None))]
    assert largest(rows, "n", "kind", 3) == ["c", "a", "b"]


def test_of_nothing_there_is_no_share() -> None:
    assert share(1, 4) == 0.25
    assert share(0, 0) is None
