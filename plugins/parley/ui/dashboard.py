"""What the Dashboard shows: a section for each pipeline, with its figures of the chosen days."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from parley.extracts import Extract, Record
from parley.pipelines import Pipeline
from parley.ui.charts import chat, ecommerce, support
from parley.ui.charts.shown import Chart, Number

MODULES = {"chat": chat, "ecommerce": ecommerce, "support": support}
TITLES = {"ecommerce": "Shop", "support": "Support"}
# Unless days are chosen: as many as this, up to the last one that there is.
DAYS = 90


@dataclass(frozen=True)
class Days:
    """Chosen days, both included; None leaves that end open."""

    first: date | None = None
    last: date | None = None


@dataclass(frozen=True)
class Period:
    """The days a section shows, both included."""

    first: date
    last: date

    @property
    def before(self) -> Period | None:
        """As many days, right before; None when the calendar has no such days."""
        length = self.last - self.first + timedelta(days=1)
        if self.first - date.min < length:
            return None
        return Period(self.first - length, self.last - length)

    def of(self, rows: Sequence[Record]) -> list[Record]:
        """The rows of these days."""
        first, last = self.first.isoformat(), self.last.isoformat()
        return [row for row in rows if first <= row["day"] <= last]


@dataclass(frozen=True)
class Section:
    """What is shown of one pipeline.

    Attributes:
        period: the days; None when there is nothing to show.
        notes: why something is not there.
    """

    pipeline: Pipeline
    title: str
    made_at: datetime | None = None
    period: Period | None = None
    numbers: list[Number] = field(default_factory=list)
    charts: list[Chart] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def make_section(pipeline: Pipeline, extract: Extract | None, chosen: Days) -> Section:
    """The section of a pipeline; without data it says why."""
    title = f"Bot {pipeline.name}" if pipeline.domain == "chat" else TITLES[pipeline.domain]
    if extract is None:
        note = "Nothing has been published yet. The DAG publish does it, after each run and at 08:00 and 19:00 UTC."
        return Section(pipeline, title, notes=[note])
    notes = list(dict.fromkeys(extract.missing.values()))
    days = [date.fromisoformat(row["day"]) for rows in extract.datasets.values() for row in rows]
    if not days:
        notes = notes or ["Its marts are empty: no load has been processed yet."]
        return Section(pipeline, title, extract.made_at, notes=notes)
    last = chosen.last or max(days)
    starts_with_data = last - min(days) < timedelta(days=DAYS)
    first = chosen.first or (min(days) if starts_with_data else last - timedelta(days=DAYS - 1))
    period = Period(min(first, last), last)
    now = {name: period.of(rows) for name, rows in extract.datasets.items()}
    # Days of which there is no data are nothing to compare with.
    earlier = period.before
    if earlier and earlier.first < min(days):
        earlier = None
    before = {name: earlier.of(rows) if earlier else [] for name, rows in extract.datasets.items()}
    if not any(now.values()):
        notes.append(f"There is no data of these days. It goes from {min(days)} to {max(days)}.")
        return Section(pipeline, title, extract.made_at, period, notes=notes)
    module = MODULES[pipeline.domain]
    return Section(pipeline, title, extract.made_at, period, module.numbers(now, before), module.charts(now), notes)
