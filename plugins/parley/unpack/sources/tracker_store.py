"""A Rasa SQLTrackerStore: its table of events, read on from where the last load ended."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, create_engine, make_url, text
from sqlalchemy.exc import ArgumentError, SQLAlchemyError
from sqlalchemy.pool import NullPool

from parley.errors import UnpackError
from parley.settings import number
from parley.unpack.sources.record import Record
from parley.unpack.values import digest

log = logging.getLogger(__name__)

ROWS_AT_ONCE = 5_000
LOOK_BACK = 1_000

_ROWS = text("select id, sender_id, data from events where id > :after and id <= :last order by id limit :rows")
_ROW = text("select id, sender_id, data from events where id = :id")
_LAST_ID = text("select max(id) from events")


@dataclass(frozen=True)
class Position:
    """How far a store was read.

    Attributes:
        last_id: of the last event.
        fingerprint: of that event, by which a store is known again.
    """

    last_id: int
    fingerprint: str


class TrackerStore:
    """The events of a store by increasing id, some thousand in memory at a time.

    Attributes:
        name: the store's URL without its password.
        resume_from: where the last load ended. Ids shortly before it are read again: transactions do not end in the
            order in which they took their ids. When the event at that position is gone or another, the store was
            emptied or replaced, and is read from its beginning.
        position: how far it has been read; None before.
    """

    def __init__(self, url: str) -> None:
        try:
            self._url = make_url(url)
        except ArgumentError as error:
            raise UnpackError(f"{url.partition('@')[0].partition(':')[0]}:... is not the URL of a database.") from error
        self.name = self._url.render_as_string()
        self.resume_from: Position | None = None
        self.position: Position | None = None

    def __iter__(self) -> Iterator[Record]:
        """The rows of `events`.

        Raises:
            UnpackError: the store cannot be read.
        """
        try:
            # Each statement by itself: a transaction as long as a load would hold up the store's own cleaning.
            engine = create_engine(self._url, isolation_level="AUTOCOMMIT", poolclass=NullPool)
            with engine.connect() as connection:
                # What comes in while we read is for the next time: there may be no end to it.
                last = connection.execute(_LAST_ID).scalar()
                after = self._start(connection)
                while last is not None and after < last:
                    rows = connection.execute(_ROWS, {"after": after, "last": last, "rows": ROWS_AT_ONCE}).all()
                    if not rows:
                        break
                    for row in rows:
                        yield Record("events", row.id, _document(row.data), {"sender_id": row.sender_id})
                    after = rows[-1].id
                    self.position = Position(after, _fingerprint(rows[-1]))
        except (SQLAlchemyError, ImportError) as error:
            cause = getattr(error, "orig", None) or error
            raise UnpackError(f"Cannot read the tracker store's table 'events': {cause}") from error

    def _start(self, connection: Connection) -> int:
        """The id to read after."""
        if self.resume_from is None:
            return -1
        last_id = self.resume_from.last_id
        row = connection.execute(_ROW, {"id": last_id}).one_or_none()
        if row is None or _fingerprint(row) != self.resume_from.fingerprint:
            log.warning("Event %s of %s is not the one that was read last: reading from the start", last_id, self.name)
            return -1
        return max(last_id - number("TRACKER_STORE_LOOK_BACK", LOOK_BACK), 0) - 1


def _document(data: Any) -> str:
    # Some stores keep it in a column of JSON, which comes parsed; nothing becomes null, which is set aside.
    return data if isinstance(data, str) else json.dumps(data)


def _fingerprint(row: Any) -> str:
    return digest(f"{row.sender_id}\0{_document(row.data)}".encode("utf-8", "surrogatepass"))
