"""Sums over the rows of an extract: by period, by category, largest first."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, timedelta
from typing import Any, Literal

from parley.extracts import Record

Grain = Literal["day", "week", "month"]

OTHER = "other"
# More bars than these are no longer told apart; where each has many colours, or a line jumps, it is fewer.
MOST_DAYS = 100
FEW_DAYS = 45
MOST_WEEKS = 110


def grain_for(rows: Iterable[Record], most_days: int) -> Grain:
    """How finely the rows can be drawn, by the time between their first and their last day."""
    days = [date.fromisoformat(row["day"]) for row in rows]
    span = (max(days) - min(days)).days if days else 0
    if span <= most_days:
        return "day"
    return "week" if span <= MOST_WEEKS * 7 else "month"


def period_start(day: str, grain: Grain) -> str:
    """The first day of the period that a day is in; weeks begin on Monday. ISO dates."""
    if grain == "day":
        return day
    if grain == "month":
        return f"{day[:7]}-01"
    as_date = date.fromisoformat(day)
    return (as_date - timedelta(days=as_date.weekday())).isoformat()


def sums(rows: Iterable[Record], columns: Sequence[str], key: Callable[[Record], Any]) -> dict[Any, dict[str, float]]:
    """The sums of the columns for each key, keys in order; null counts as nothing."""
    totals: defaultdict[Any, dict[str, float]] = defaultdict(lambda: dict.fromkeys(columns, 0))
    for row in rows:
        for column in columns:
            totals[key(row)][column] += row[column] or 0
    return {found: totals[found] for found in sorted(totals)}


def by_period(
    rows: Sequence[Record], columns: Sequence[str], most_days: int = MOST_DAYS
) -> dict[str, dict[str, float]]:
    """The sums of the columns for each period, by its first day; a period without rows has zeros.

    Args:
        most_days: periods are days up to so many, then weeks or months.
    """
    grain = grain_for(rows, most_days)
    totals = sums(rows, columns, lambda row: period_start(row["day"], grain))
    if not totals:
        return {}
    first, last = (date.fromisoformat(edge) for edge in (min(totals), max(totals)))
    every_day = (first + timedelta(days=number) for number in range((last - first).days + 1))
    starts = dict.fromkeys(period_start(day.isoformat(), grain) for day in every_day)
    return {start: totals.get(start, dict.fromkeys(columns, 0)) for start in starts}


def by_category(rows: Sequence[Record], column: str, category: str, number: int) -> dict[str, dict[str, float]]:
    """The sums of a column for each period, for the largest categories and, last, all others together.

    Every category has every period, so that bars of them can stand upon each other.
    """
    kept = largest(rows, column, category, number)
    names = [row[category] if row[category] in kept else OTHER for row in rows]
    shown = [*kept, OTHER] if OTHER in names else kept
    spread = [
        {"day": row["day"], **dict.fromkeys(shown, 0), name: row[column]} for row, name in zip(rows, names, strict=True)
    ]
    periods = by_period(spread, shown, FEW_DAYS)
    return {name: {start: values[name] for start, values in periods.items()} for name in shown}


def largest(rows: Iterable[Record], column: str, category: str, number: int) -> list[str]:
    """The categories with the largest sums, largest first; equal ones by name."""
    totals = sums(rows, [column], lambda row: str(row[category]))
    return sorted(totals, key=lambda name: (-totals[name][column], name))[:number]


def share(part: float, whole: float) -> float | None:
    """A part of a whole; None of nothing."""
    return part / whole if whole else None


def total(rows: Iterable[Mapping[str, Any]], column: str) -> float:
    """The sum of a column; null counts as nothing."""
    return sum(row[column] or 0 for row in rows)
