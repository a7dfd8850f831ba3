"""A support desk's files: which file holds what, and what is new in a list that is exported as a whole each time.

A list (users, agents, tags) lands in versions: a row that differs from the last version of it that landed is the next
version, one that does not is left out. So a value that goes back to what it was is a version too. Lists are read in
the order of their names. Those that have been read before, in this order, are skipped: a folder that keeps all of its
exports can be read again and again.
"""

from __future__ import annotations

import hashlib
import json
import logging
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from parley.errors import UnpackError
from parley.unpack.contract import Contract, NotValidError
from parley.unpack.csv_source import read_csv
from parley.unpack.sources import Record, read_ndjson
from parley.unpack.support import EVENTS, KEYS, READ_EXPORTS, TABLES, ListRow, from_record
from parley.warehouse import Connection, Warehouse

log = logging.getLogger(__name__)

RAW_SCHEMA = "support_raw"
NAMES = f"{EVENTS}*, {'*, '.join(KEYS)}*"
FILE = re.compile(rf"({EVENTS}|{'|'.join(KEYS)})([^a-z].*)?\.(csv|json|ndjson|jsonl)(\.gz)?", re.IGNORECASE)
REQUIRED = {
    EVENTS: ("event_timestamp", "conversation_id", "user_id", "agent_id", "event", "event_value"),
    **{table: (key,) for table, key in KEYS.items()},
}


@dataclass(frozen=True)
class File:
    """A file of the source, and the table that its records belong to."""

    path: Path
    place: str
    table: str

    def records(self) -> Iterator[Record]:
        """What is in it, in order."""
        context = {"table": self.table}
        suffix = self.path.name.lower().removesuffix(".gz").rpartition(".")[2]
        if suffix == "csv":
            yield from read_csv(self.path, self.place, context, REQUIRED[self.table])
        elif suffix == "json" and (documents := self._documents()) is not None:
            for number, document in enumerate(documents, start=1):
                yield Record(self.place, number, json.dumps(document), context)
        else:
            for record in read_ndjson(self.path):
                yield record._replace(place=self.place, context=context)

    def content_hash(self) -> str:
        with self.path.open("rb") as file:
            return hashlib.file_digest(file, "md5").hexdigest()

    def _documents(self) -> list[object] | None:
        """What a file that is one JSON document holds; None when it is a document a line."""
        lines = [record.text for record in read_ndjson(self.path)]
        try:
            document = json.loads("\n".join(lines))
        except (ValueError, RecursionError):
            return None
        return document if isinstance(document, list) else [document]


class Lists:
    """The lists as they have landed: which were read, and the last version of each row."""

    def __init__(self, connection: Connection) -> None:
        tables = connection.tables(RAW_SCHEMA)
        self._read: dict[str, list[str]] = {table: [] for table in KEYS}
        self._notes = 0
        self._last: dict[tuple[str, str], tuple[int, str]] = {}
        if READ_EXPORTS in tables:
            notes = connection.query(
                f"select list, content_hash, number from {RAW_SCHEMA}.{READ_EXPORTS} order by number"
            )
            for table, content_hash, number in notes:
                self._read[table].append(content_hash)
                self._notes = number
        for table in tables & KEYS.keys():
            rows = connection.query(f"select {KEYS[table]}, version, _record_hash from {RAW_SCHEMA}.{table}")
            for key, version, record_hash in sorted(rows, key=lambda row: int(row[1])):
                self._last[table, key] = (version, record_hash)

    def unread(self, table: str, files: list[File]) -> list[tuple[File, str]]:
        """The files that go on from where the lists that were read end, with the hash of each."""
        read = self._read[table]
        hashed = [(file, file.content_hash()) for file in files]
        hashes = [key for key, _ in groupby(content_hash for _, content_hash in hashed)]
        known = max((n for n in range(len(hashes) + 1) if hashes[:n] == read[len(read) - n :]), default=0)
        groups = [next(group) for _, group in groupby(hashed, key=lambda item: item[1])]
        return groups[known:]

    def records(self, file: File, content_hash: str) -> Iterator[Record]:
        """The records of a list, each row with its version, and the note that it has been read."""
        for record in file.records():
            yield self._versioned(record)
        self._notes += 1
        self._read[file.table].append(content_hash)
        note = {"list": file.table, "place": file.place, "content_hash": content_hash, "number": self._notes}
        yield Record(file.place, 0, json.dumps(note), {"table": READ_EXPORTS})

    def _versioned(self, record: Record) -> Record:
        record = _with_version(record, 1)
        try:
            row = from_record(record)
            assert isinstance(row, ListRow)
            version, last = self._last.get((row.root, row.key), (0, ""))
            same = version and from_record(_with_version(record, version)).record_hash == last
            if not same:
                version += 1
                record_hash = from_record(_with_version(record, version)).record_hash
                self._last[row.root, row.key] = (version, record_hash)
            return _with_version(record, version)
        except NotValidError:
            return record  # the engine sets it aside


def read_support(source: str) -> Iterator[Record]:
    """The records of a file or a folder: first the events, then of the lists what has not been read yet.

    Raises:
        UnpackError: there is nothing at that place, or a name does not tell what is in the file.
    """
    files = _files(Path(source))
    for file in files:
        if file.table == EVENTS:
            yield from file.records()
    with Warehouse.from_env().connect() as connection:
        lists = Lists(connection)
    for table in KEYS:
        for file, content_hash in lists.unread(table, [file for file in files if file.table == table]):
            yield from lists.records(file, content_hash)


SUPPORT = Contract(
    read=read_support,
    parse=from_record,
    sequences=(EVENTS, "conversation_id"),
    tables=TABLES,
    text_columns=re.compile("."),
)


def _files(source: Path) -> list[File]:
    if source.is_file():
        if not (found := FILE.fullmatch(source.name)):
            raise UnpackError(f"{source.name} does not tell what is in it. Name it {NAMES} (.csv, .json, .ndjson).")
        return [File(source, source.name, found[1].lower())]
    if not source.is_dir():
        raise UnpackError(f"{source} is neither a file nor a folder. Give the path of a support desk's exports.")
    files = []
    for path in sorted(path for path in source.rglob("*") if path.is_file()):
        if found := FILE.fullmatch(path.name):
            files.append(File(path, path.relative_to(source).as_posix(), found[1].lower()))
        else:
            log.warning("%s is left out: its name is none of %s", path, NAMES)
    if not files:
        raise UnpackError(f"No file in {source} is named {NAMES} (.csv, .json, .ndjson).")
    return files


def _with_version(record: Record, version: int) -> Record:
    return record._replace(context={**record.context, "version": version})
