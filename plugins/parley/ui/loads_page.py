"""What the Loads page shows: every load of every pipeline, filtered and in pages."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

from parley.errors import ConfigurationError, WarehouseBusyError, WarehouseUnreachableError
from parley.extracts import LoadFacts, read_extract
from parley.pipelines import Pipeline
from parley.publish import read_loads
from parley.ui.runs import RunStates
from parley.warehouse import Warehouse

log = logging.getLogger(__name__)

Status = Literal["new", "running", "failed", "done"]
# As they concern the reader.
STATUSES: tuple[Status, ...] = ("failed", "new", "running", "done")
PAGE_SIZE = 50
# A view holds a thread of Airflow's API server, which has 40 for people and tasks alike.
WAREHOUSE_SECONDS = 4


@dataclass(frozen=True)
class Row:
    """One load as the page shows it.

    Attributes:
        status: failed: the last run that worked on it has failed, and it is still to be done.
        lag: from its arrival until it was done, or until now.
    """

    pipeline: Pipeline
    facts: LoadFacts
    status: Status
    lag: timedelta

    @property
    def load_id(self) -> str:
        return self.facts.load.load_id

    @property
    def run_id(self) -> str:
        """The last run that worked on it; empty when none has."""
        return self.facts.run_ids[-1] if self.facts.run_ids else ""

    @property
    def set_aside(self) -> int:
        return sum(self.facts.counts.set_aside.values()) if self.facts.counts else 0

    def matches(self, text: str) -> bool:
        """Whether the text is in its name, its id, its runs' or in a reason of its quarantine."""
        reasons = self.facts.counts.set_aside if self.facts.counts else {}
        return any(
            text.lower() in where.lower() for where in (self.pipeline.name, self.load_id, *self.facts.run_ids, *reasons)
        )


@dataclass(frozen=True)
class Source:
    """Where the loads come from.

    Attributes:
        made_at: when they were read, of the oldest extract; None when it is the warehouse itself, now.
        why: why it is not the warehouse.
    """

    made_at: datetime | None = None
    why: str = ""


@dataclass(frozen=True)
class Filter:
    """What the user asked for; empty means all."""

    pipeline: str = ""
    status: str = ""
    text: str = ""


def read(pipelines: Sequence[Pipeline]) -> tuple[dict[str, list[LoadFacts]], Source]:
    """The loads of the pipelines by its name: from the warehouse when it is free, else as they were published."""
    warehouse = Warehouse.from_env()
    if not warehouse.exists():
        return {pipeline.name: [] for pipeline in pipelines}, Source()
    try:
        with warehouse.connect(read_only=True, wait=0, within=WAREHOUSE_SECONDS) as connection:
            return {pipeline.name: read_loads(pipeline, connection) for pipeline in pipelines}, Source()
    except WarehouseBusyError:
        why = "A run is working in the warehouse."
    except WarehouseUnreachableError as error:
        log.warning("%s", error)
        why = "The warehouse cannot be reached."
    except ConfigurationError:
        raise
    # A right that is missing, a restart, a table of another kind: each driver has errors of its own.
    except Exception:
        log.exception("The page Loads shows what was published last")
        why = "The warehouse does not say which loads there are."
    extracts = {pipeline.name: read_extract(pipeline.name) for pipeline in pipelines}
    times = [extract.made_at for extract in extracts.values() if extract]
    loads = {name: extract.loads if extract else [] for name, extract in extracts.items()}
    return loads, Source(min(times, default=datetime.fromtimestamp(0, UTC)), why)


def make_rows(
    pipelines: Sequence[Pipeline], loads: Mapping[str, Sequence[LoadFacts]], states: RunStates, now: datetime
) -> list[Row]:
    """All loads, the latest first."""
    rows = [
        Row(
            pipeline,
            facts,
            _status(facts, states.get(pipeline.dag_id, {})),
            (facts.load.done_at or now) - facts.load.arrived_at,
        )
        for pipeline in pipelines
        for facts in loads[pipeline.name]
    ]
    return sorted(rows, key=lambda row: (row.facts.load.arrived_at, row.pipeline.name, row.load_id), reverse=True)


def chosen(rows: Sequence[Row], asked: Filter) -> list[Row]:
    """The rows that the user asked for."""
    return [
        row
        for row in rows
        if asked.pipeline in ("", row.pipeline.name)
        and asked.status in ("", row.status)
        and (not asked.text or row.matches(asked.text))
    ]


def count_by_status(rows: Sequence[Row]) -> dict[Status, int]:
    """How many loads there are of each status."""
    counts = Counter(row.status for row in rows)
    return {status: counts[status] for status in STATUSES}


def _status(facts: LoadFacts, states: Mapping[str, str]) -> Status:
    if not facts.load.is_new:
        return "done"
    last = states.get(facts.run_ids[-1], "") if facts.run_ids else ""
    if last in ("queued", "running"):
        return "running"
    return "failed" if last == "failed" else "new"
