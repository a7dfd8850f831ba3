"""Extracts: what the pages show of a pipeline, in a file beside the warehouse.

A page reads these while a run holds the warehouse. There is one file for each pipeline; a refresh that fails leaves the
old one where it is.
"""

from __future__ import annotations

import gzip
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from parley import published
from parley.loads import Load

Record = dict[str, Any]


@dataclass(frozen=True)
class Counts:
    """What came with a load: documents (events, conversations ...), rows of all tables, and what was set aside.

    Attributes:
        set_aside: number of records in quarantine, by the reasons that most had.
    """

    documents: int
    rows: int
    set_aside: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class LoadFacts:
    """A load, the runs that have worked on it, the latest last, and its counts when they are known."""

    load: Load
    run_ids: tuple[str, ...] = ()
    counts: Counts | None = None


@dataclass(frozen=True)
class Extract:
    """What was read of one pipeline at one time.

    Attributes:
        datasets: rows by the name of the query, see parley/queries. Each has a `day`, as an ISO date.
        missing: why a dataset is not there, by its name.
    """

    made_at: datetime
    loads: list[LoadFacts]
    datasets: dict[str, list[Record]] = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)


def write_extract(pipeline_name: str, extract: Extract) -> None:
    """Replace the extract of a pipeline."""
    content = {
        "made_at": extract.made_at,
        "loads": [
            {
                "load_id": facts.load.load_id,
                "arrived_at": facts.load.arrived_at,
                "done_at": facts.load.done_at,
                "run_ids": facts.run_ids,
                "counts": facts.counts and vars(facts.counts),
            }
            for facts in extract.loads
        ],
        "datasets": {name: _columnar(rows) for name, rows in extract.datasets.items()},
        "missing": extract.missing,
    }
    text = json.dumps(_plain(content), allow_nan=False)
    published.write(file_name(pipeline_name), gzip.compress(text.encode(), mtime=0))


def read_extract(pipeline_name: str) -> Extract | None:
    """The extract of a pipeline; None before the first."""
    name = file_name(pipeline_name)
    version = published.version(name)
    if version is None:
        return None
    known = _newest.get(name)
    if known is None or known[0] != version:
        known = _newest[name] = version, _read(name)
    return known[1]


# By name: the version of the file that was read last, and what was in it. One of each, for they may be large.
_newest: dict[str, tuple[str, Extract | None]] = {}


def _read(name: str) -> Extract | None:
    packed = published.read(name)
    if packed is None:
        return None
    content = json.loads(gzip.decompress(packed))
    return Extract(
        made_at=datetime.fromisoformat(content["made_at"]),
        loads=[
            LoadFacts(
                Load(load["load_id"], datetime.fromisoformat(load["arrived_at"]), _time(load["done_at"])),
                tuple(load["run_ids"]),
                Counts(**load["counts"]) if load["counts"] else None,
            )
            for load in content["loads"]
        ],
        datasets={name: _records(columnar) for name, columnar in content["datasets"].items()},
        missing=content["missing"],
    )


def file_name(pipeline_name: str) -> str:
    """The name of a pipeline's extract among what is published."""
    return f"extracts/{pipeline_name}.json.gz"


def _time(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _columnar(rows: list[Record]) -> Record:
    """The names of the columns once, and not in each row."""
    columns = list(rows[0]) if rows else []
    return {"columns": columns, "rows": [[row[column] for column in columns] for row in rows]}


def _records(columnar: Record) -> list[Record]:
    return [dict(zip(columnar["columns"], row, strict=True)) for row in columnar["rows"]]


def _plain(value: Any) -> Any:  # noqa: PLR0911
    """What JSON can hold: a sum of PostgreSQL is a Decimal, an average may be no number."""
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, datetime):
        return (value if value.tzinfo else value.replace(tzinfo=UTC)).isoformat()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
