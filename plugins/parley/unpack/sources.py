"""Where records come from: each source yields `Record`s in order, and never stops at a bad one."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from parley.errors import UnpackError

NDJSON_SUFFIXES = (".ndjson", ".jsonl", ".ndjson.gz", ".jsonl.gz")
ROWS_AT_ONCE = 5_000


class Record(NamedTuple):
    """One document as it came, before anybody looked into it.

    Attributes:
        place: the file, relative to the source, or the table it came from.
        number: line in the file, from 1, or id in the table.
        text: the JSON document, as text.
        context: what the source knows beside the document and the document may lack (its `sender_id`).
    """

    place: str
    number: int
    text: str
    context: dict[str, Any]


def read(source: str) -> Iterator[Record]:
    """The records of a source.

    Args:
        source: a file or folder of NDJSON (plain or gzip), or an SQLAlchemy URL of a Rasa SQLTrackerStore.

    Raises:
        UnpackError: there is nothing at that place.
    """
    return read_tracker_store(source) if "://" in source else read_ndjson(Path(source))


def read_ndjson(source: Path) -> Iterator[Record]:
    """The lines of one file, or of every NDJSON file below a folder in the order of their names.

    Blank lines are left out. Bytes that are not UTF-8 are kept visible as `\\xNN`.
    """
    if source.is_dir():
        paths = sorted(path for path in source.rglob("*") if path.name.endswith(NDJSON_SUFFIXES))
        if not paths:
            raise UnpackError(f"No file in {source} ends in {', '.join(NDJSON_SUFFIXES)}.")
    elif source.is_file():
        paths = [source]
    else:
        raise UnpackError(f"{source} is neither a file nor a folder. Give the path of NDJSON, or a database URL.")
    for path in paths:
        place = path.name if path == source else path.relative_to(source).as_posix()
        opener = gzip.open if path.suffix == ".gz" else open
        with opener(path, "rb") as lines:
            for number, line in enumerate(lines, start=1):
                if text := line.decode("utf-8", "backslashreplace").strip():
                    yield Record(place, number, text, {})


def read_tracker_store(url: str) -> Iterator[Record]:
    """The rows of `events` in a Rasa SQLTrackerStore, by increasing id."""
    from sqlalchemy import create_engine, text
    from sqlalchemy.exc import SQLAlchemyError

    statement = text("select id, sender_id, data from events where id > :last order by id limit :rows")
    last = -1
    try:
        with create_engine(url).connect() as connection:
            while rows := connection.execute(statement, {"last": last, "rows": ROWS_AT_ONCE}).all():
                for row in rows:
                    yield Record("events", row.id, row.data or "", {"sender_id": row.sender_id})
                last = rows[-1].id
    except SQLAlchemyError as error:
        cause = getattr(error, "orig", None) or error
        raise UnpackError(f"Cannot read the tracker store's table 'events': {cause}") from error
