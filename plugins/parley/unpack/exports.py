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
import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby

from parley.errors import UnpackError
from parley.unpack.contract import Contract, NotValidError
from parley.unpack.csv_source import read_csv
from parley.unpack.sources import File, FileSource, Record, list_files, read_ndjson, without_user
from parley.unpack.support import EVENTS, KEYS, READ_EXPORTS, TABLES, ListRow, from_record
from parley.warehouse import Connection, Warehouse

log = logging.getLogger(__name__)

RAW_SCHEMA = "support_raw"
NAMES = f"{EVENTS}*, {'*, '.join(KEYS)}*"
FILE = re.compile(rf"({EVENTS}|{'|'.join(KEYS)})([^a-z].*)?\.(csv|json|ndjson|jsonl)(\.gz|\.zst)?", re.IGNORECASE)
REQUIRED = {
    EVENTS: ("event_timestamp", "conversation_id", "user_id", "agent_id", "event", "event_value"),
    **{table: (key,) for table, key in KEYS.items()},
}


@dataclass(frozen=True)
class Export:
    """A file of the source, and the table that its records belong to."""

    file: File
    table: str

    def records(self) -> Iterator[Record]:
        """What is in it, in order."""
        context = {"table": self.table}
        if self.file.suffix == ".csv":
            yield from read_csv(self.file, context, REQUIRED[self.table])
        elif self.file.suffix == ".json" and (documents := self._documents()) is not None:
            for number, document in enumerate(documents, start=1):
                yield Record(self.file.place, number, json.dumps(document), context)
        else:
            for record in read_ndjson(self.file):
                yield record._replace(context=context)

    def content_hash(self) -> str:
        with self.file.system.open(self.file.path, "rb") as content:
            return hashlib.md5(content.read(), usedforsecurity=False).hexdigest()

    def _documents(self) -> list[object] | None:
        """What a file that is one JSON document holds; None when it is a document a line."""
        lines = [record.text for record in read_ndjson(self.file)]
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
                f'select "list", content_hash, number from {RAW_SCHEMA}.{READ_EXPORTS} order by number'
            )
            for table, content_hash, number in notes:
                self._read[table].append(content_hash)
                self._notes = number
        for table in tables & KEYS.keys():
            rows = connection.query(f'select "{KEYS[table]}", version, _record_hash from {RAW_SCHEMA}."{table}"')
            for key, version, record_hash in sorted(rows, key=lambda row: int(row[1])):
                self._last[table, key] = (version, record_hash)

    def unread(self, table: str, files: list[Export]) -> list[tuple[Export, str]]:
        """The files that go on from where the lists that were read end, with the hash of each."""
        read = self._read[table]
        hashed = [(file, file.content_hash()) for file in files]
        hashes = [key for key, _ in groupby(content_hash for _, content_hash in hashed)]
        known = max((n for n in range(len(hashes) + 1) if hashes[:n] == read[len(read) - n :]), default=0)
        groups = [next(group) for _, group in groupby(hashed, key=lambda item: item[1])]
        return groups[known:]

    def records(self, file: Export, content_hash: str) -> Iterator[Record]:
        """The records of a list, each row with its version, and the note that it has been read."""
        for record in file.records():
            yield self._versioned(record)
        self._notes += 1
        self._read[file.table].append(content_hash)
        note = {"list": file.table, "place": file.file.place, "content_hash": content_hash, "number": self._notes}
        yield Record(file.file.place, 0, json.dumps(note), {"table": READ_EXPORTS})

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


class SupportFiles(FileSource):
    """The records of a file or a folder: first the events, then of the lists what has not been read yet.

    Iterating raises UnpackError: there is nothing at that place, or a name does not tell what is in the file.
    """

    def __init__(self, source: str) -> None:
        super().__init__()
        self._source = source

    def __iter__(self) -> Iterator[Record]:
        exports = _files(self._source)
        for file, version in self.unread(export.file for export in exports if export.table == EVENTS):
            yield from Export(file, EVENTS).records()
            self.has_read([version])
        with Warehouse.from_env().connect() as connection:
            lists = Lists(connection)
        for table in KEYS:
            for export, content_hash in lists.unread(table, [export for export in exports if export.table == table]):
                yield from lists.records(export, content_hash)


SUPPORT = Contract(
    read=SupportFiles,
    parse=from_record,
    sequences=(EVENTS, "conversation_id"),
    tables=TABLES,
    text_columns=re.compile("."),
)


def _files(source: str) -> list[Export]:
    files = []
    for file in list_files(source):
        if found := FILE.fullmatch(posixpath.basename(file.path)):
            files.append(Export(file, found[1].lower()))
        elif file.place == posixpath.basename(source):
            raise UnpackError(f"{file.place} does not tell what is in it. Name it {NAMES} (.csv, .json, .ndjson).")
        else:
            log.warning("%s is left out: its name is none of %s", file.place, NAMES)
    if not files:
        raise UnpackError(f"No file in {without_user(source)} is named {NAMES} (.csv, .json, .ndjson).")
    return files


def _with_version(record: Record, version: int) -> Record:
    return record._replace(context={**record.context, "version": version})
