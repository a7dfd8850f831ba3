"""What a section of the dashboard is made of: numbers in large type, and charts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from parley.extracts import Record

NOTHING = "\N{EN DASH}"
Datasets = dict[str, list[Record]]


@dataclass(frozen=True)
class Number:
    """A number in large type.

    Attributes:
        value: as it is shown.
        change: against as many days before, as it is shown; empty when there is nothing to compare with.
        is_better: whether that change is welcome; None when it is neither.
    """

    label: str
    value: str
    change: str = ""
    is_better: bool | None = None


@dataclass(frozen=True)
class Chart:
    """A figure with its title and what to know to read it.

    Attributes:
        figure: a Plotly figure.
        is_wide: whether it takes the whole width.
    """

    title: str
    note: str
    figure: Any
    is_wide: bool = False

    @property
    def json(self) -> str:
        """Safe inside a script element."""
        return str(self.figure.to_json()).replace("<", "\\u003c")


def count(
    label: str,
    value: float | None,
    before: float | None = None,
    *,
    digits: int = 0,
    more_is_better: bool | None = None,
) -> Number:
    if value is None:
        return Number(label, NOTHING)
    shown = f"{value:,.{digits}f}"
    if not before:
        return Number(label, shown)
    change = value / before - 1
    return Number(label, shown, f"{change:+.0%}", _welcome(change, more_is_better))


def part(label: str, value: float | None, before: float | None, *, more_is_better: bool | None) -> Number:
    if value is None:
        return Number(label, NOTHING)
    if before is None:
        return Number(label, f"{value:.1%}")
    change = value - before
    return Number(label, f"{value:.1%}", f"{change * 100:+.1f} pp", _welcome(change, more_is_better))


def _welcome(change: float, more_is_better: bool | None) -> bool | None:
    return None if more_is_better is None or abs(change) < 0.0005 else (change > 0) == more_is_better
