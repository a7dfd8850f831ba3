"""How far each source has been read. It is kept with the loads, so that it is true of what has landed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from parley.unpack.contract import Row
from parley.unpack.naming import RECORD_HASH
from parley.unpack.sources import FileSource, FileVersion, Record
from parley.unpack.sources.tracker_store import Position, TrackerStore
from parley.unpack.values import digest
from parley.warehouse import Connection

POSITIONS = "positions"
FILES = "files"


def resume(records: Iterable[Record], connection: Connection, schema: str) -> None:
    """Let a source go on where its last load ended: a tracker store behind the last event, files without those that
    have landed and not changed."""
    if isinstance(records, TrackerStore) and POSITIONS in connection.tables(schema):
        rows = connection.query(
            f"select read_to, fingerprint from {schema}.{POSITIONS} where store = %s order by number desc limit 1",
            [records.name],
        )
        records.resume_from = Position(*rows[0]) if rows else None
    if isinstance(records, FileSource):
        records.landed = _landed_files(connection, schema)


def unchanged_files(records: Iterable[Record]) -> int:
    """How many files of a source were left out."""
    return records.unchanged if isinstance(records, FileSource) else 0


def position_rows(records: Iterable[Record], connection: Connection, schema: str) -> Iterator[list[Row]]:
    """The rows that say how far a source was read; to be asked for when all of it was."""
    if isinstance(records, TrackerStore) and records.position is not None:
        yield [_position_row(records.name, records.position, connection, schema)]
    if isinstance(records, FileSource):
        known = _landed_files(connection, schema)
        if new := [file for file in records.read if file not in known]:
            yield [_file_row(file) for file in new]


def _position_row(store: str, position: Position, connection: Connection, schema: str) -> Row:
    number = 1
    if POSITIONS in connection.tables(schema):
        [[last]] = connection.query(f"select coalesce(max(number), 0) from {schema}.{POSITIONS}")
        number += last
    columns = {"number": number, "store": store, "read_to": position.last_id, "fingerprint": position.fingerprint}
    return POSITIONS, {}, {RECORD_HASH: _hash(store, str(number)), **columns}


def _file_row(file: FileVersion) -> Row:
    return FILES, {}, {RECORD_HASH: _hash(file.url, file.version), "url": file.url, "version": file.version}


def _landed_files(connection: Connection, schema: str) -> set[FileVersion]:
    if FILES not in connection.tables(schema):
        return set()
    return {FileVersion(*row) for row in connection.query(f"select url, version from {schema}.{FILES}")}


def _hash(*parts: str) -> str:
    return digest("\0".join(parts).encode())
