"""What a run was asked to work on: the trigger form of the DAGs, and Airflow's backfills of past dates.

Asked for nothing, a run works on the loads that are new.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from airflow.sdk import Param

from parley.errors import BackfillError
from parley.loads import Load

FULL_REFRESH = "full_refresh"
LOAD_IDS = "load_ids"
LOADS_FROM = "loads_from"
LOADS_TO = "loads_to"
END_DATE = "end_date"


def form(*, with_end_date: bool) -> dict[str, Param]:
    """The fields of the trigger form; Airflow refuses what does not fit their types."""
    day: dict[str, Any] = {"type": ["null", "string"], "format": "date"}
    fields = {
        FULL_REFRESH: Param(
            False, type="boolean", title="Full refresh", description="Build every table anew, from all loads."
        ),
        LOAD_IDS: Param(
            [],
            type="array",
            items={"type": "string"},
            title="Load ids",
            description="Work on these loads, done or not: one a line, as `parley loads` lists them.",
        ),
        LOADS_FROM: Param(
            None, **day, title="Loads from", description="Work on the loads that arrived on this day or later, UTC."
        ),
        LOADS_TO: Param(
            None, **day, title="Loads to", description="Work on the loads that arrived on this day or earlier, UTC."
        ),
    }
    if with_end_date:
        fields[END_DATE] = Param(
            None,
            **day,
            title="End date",
            description="Compute the features as of the end of this day, UTC. Empty: the day of the logical date.",
        )
    return fields


@dataclass(frozen=True)
class Backfill:
    """The loads that a run was asked for.

    Attributes:
        load_ids: by id.
        since: those that arrived at this time or later, UTC.
        before: those that arrived before this time, UTC.
    """

    full_refresh: bool = False
    load_ids: tuple[str, ...] = ()
    since: datetime | None = None
    before: datetime | None = None

    @classmethod
    def from_params(cls, params: Mapping[str, Any]) -> Backfill:
        """What the trigger form says.

        Raises:
            BackfillError: two of its fields contradict each other.
        """
        load_ids = tuple(load_id.strip() for load_id in params.get(LOAD_IDS) or () if load_id.strip())
        first, last = _day(params, LOADS_FROM), _day(params, LOADS_TO)
        backfill = cls(
            full_refresh=bool(params.get(FULL_REFRESH)),
            load_ids=load_ids,
            since=first,
            before=last + timedelta(days=1) if last else None,
        )
        asked = {"load_ids": bool(load_ids), "loads_from and loads_to": bool(first or last)}
        asked["full_refresh"] = backfill.full_refresh
        if sum(asked.values()) > 1:
            together = ", ".join(name for name, is_set in asked.items() if is_set)
            raise BackfillError(f"Set only one of {together}: each says on its own which loads to work on.")
        if first and last and first > last:
            raise BackfillError(f"loads_from ({first:%Y-%m-%d}) is after loads_to ({last:%Y-%m-%d}).")
        return backfill

    @property
    def names_loads(self) -> bool:
        """Whether the run is limited to certain loads."""
        return bool(self.load_ids or self.since or self.before)

    @property
    def period(self) -> str:
        """The times between which the loads arrived, in words."""
        since = f"{self.since:%Y-%m-%d %H:%M}" if self.since else "the beginning"
        return f"{since} to {self.before:%Y-%m-%d %H:%M} UTC" if self.before else f"{since} until now"

    def choose(self, loads: list[Load]) -> list[str]:
        """The ids of the loads that it names, of those there are.

        Raises:
            BackfillError: an id is of no complete load.
        """
        if self.load_ids:
            if unknown := set(self.load_ids) - {load.load_id for load in loads}:
                latest = ", ".join(load.load_id for load in loads[-5:]) or "none"
                raise BackfillError(f"There is no load {', '.join(sorted(unknown))}. The latest are: {latest}.")
            return sorted(set(self.load_ids))
        return [
            load.load_id
            for load in loads
            if (self.since is None or load.arrived_at >= self.since)
            and (self.before is None or load.arrived_at < self.before)
        ]


def _day(params: Mapping[str, Any], name: str) -> datetime | None:
    value = params.get(name)
    if not value:
        return None
    try:
        day = date.fromisoformat(value)
    except ValueError as error:
        raise BackfillError(f"{name} is '{value}'. Give a day such as 2026-01-31.") from error
    if day == date.max:
        # The end of a day is the start of the next.
        raise BackfillError(f"{name} is '{value}', the last day that there is. Give an earlier one, or none.")
    return datetime(day.year, day.month, day.day, tzinfo=UTC)
