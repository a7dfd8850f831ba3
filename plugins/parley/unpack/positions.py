"""How far each tracker store has been read. It is kept with the loads, so that it is true of what has landed."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator

from parley.unpack.contract import Row
from parley.unpack.naming import RECORD_HASH
from parley.unpack.sources import Record
from parley.unpack.sources.tracker_store import Position, TrackerStore
from parley.warehouse import Connection

POSITIONS = "positions"


def resume(records: Iterable[Record], connection: Connection, schema: str) -> None:
    """Let a tracker store go on where the last load of it ended."""
    if isinstance(records, TrackerStore) and POSITIONS in connection.tables(schema):
        rows = connection.query(
            f"select read_to, fingerprint from {schema}.{POSITIONS} where store = %s order by number desc limit 1",
            [records.name],
        )
        records.resume_from = Position(*rows[0]) if rows else None


def position_rows(records: Iterable[Record], connection: Connection, schema: str) -> Iterator[list[Row]]:
    """The row that says how far a tracker store was read; to be asked for when all of it was."""
    if not isinstance(records, TrackerStore) or records.position is None:
        return
    number = 1
    if POSITIONS in connection.tables(schema):
        [[last]] = connection.query(f"select coalesce(max(number), 0) from {schema}.{POSITIONS}")
        number += last
    record_hash = hashlib.blake2b(f"{records.name}\0{number}".encode(), digest_size=16).hexdigest()
    position = {
        "number": number,
        "store": records.name,
        "read_to": records.position.last_id,
        "fingerprint": records.position.fingerprint,
    }
    yield [(POSITIONS, {}, {RECORD_HASH: record_hash, **position})]
