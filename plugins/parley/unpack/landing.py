"""What of a source lands: the tables of the documents that are new, in the order in which they came."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from itertools import chain, islice

import pyarrow as pa

from parley.unpack.columns import Types
from parley.unpack.contract import Row
from parley.unpack.landed import Landed
from parley.unpack.prepare import QUARANTINE, Identity, Prepared, Preparer
from parley.unpack.sources import Record
from parley.unpack.workers import Workers

RECORDS_AT_ONCE = 5_000
# Workers take some seconds to start, which a small input is done in.
CHUNKS_WITHOUT_WORKERS = 6


@dataclass
class Result:
    """What one unpacking did.

    Attributes:
        load_id: of the new load; None when there was nothing new.
        landed: documents in this load.
        repeated: known already, from an earlier load or from further up in the same input.
        unchanged_files: files that have landed and not changed since, and so were not read.
        set_aside: records in this load's quarantine, by reason.
    """

    load_id: str | None = None
    landed: int = 0
    repeated: int = 0
    unchanged_files: int = 0
    set_aside: Counter[str] = field(default_factory=Counter)

    def count(self, document: Identity, *, is_new: bool) -> None:
        """Count a document that was read."""
        if document.root == QUARANTINE:
            self.set_aside.update([document.reason] if is_new and document.reason else [])
        elif is_new:
            self.landed += 1
        else:
            self.repeated += 1


class Landing:
    """Chooses what lands, some thousand records at a time.

    Args:
        types: of the columns that the raw schema has, by table; those that are new are added.
    """

    def __init__(self, landed: Landed, preparer: Preparer, workers: Workers, types: dict[str, Types]) -> None:
        self._landed = landed
        self._preparer = preparer
        self._workers = workers
        self._types = types
        # Until a whole chunk has landed before: the next one most likely has too, and its tables are not needed.
        self._expects_new = True

    def tables(self, records: Iterable[Record], result: Result) -> Iterator[dict[str, pa.Table]]:
        """The tables of the documents that have not landed yet and of the records set aside; counts into `result`."""
        for chunk, early in self._prepared(iter(records)):
            new, positions = self._landed.choose(early.documents)
            for document, is_new in zip(early.documents, new, strict=True):
                result.count(document, is_new=is_new)
            self._expects_new = any(new)
            if any(new):
                prepared = early if early.fits(self._types) else self._preparer.prepare(chunk, self._types)
                self._add(prepared.types)
                yield prepared.only(new, positions)

    def tables_of(self, chunks: Iterable[list[Row]]) -> Iterator[dict[str, pa.Table]]:
        """The tables of rows that belong to no document."""
        for rows in chunks:
            tables, types = self._preparer.tables(rows, self._types)
            self._add(types)
            yield tables

    def _prepared(self, records: Iterator[Record]) -> Iterator[tuple[Sequence[Record], Prepared]]:
        """The records in chunks, each with what it was prepared to, in order.

        A worker knows the columns of the time when it was given a chunk. When those that it then finds have got other
        types meanwhile, the chunk has to be prepared again.
        """
        chunks: Iterator[Sequence[Record]] = iter(lambda: list(islice(records, RECORDS_AT_ONCE)), [])
        begin = list(islice(chunks, CHUNKS_WITHOUT_WORKERS))
        chunks = chain(begin, chunks)
        if not self._workers.number or len(begin) < CHUNKS_WITHOUT_WORKERS:
            for chunk in chunks:
                yield chunk, self._preparer.prepare(chunk, self._types)
            return
        del begin
        ahead: deque[tuple[Sequence[Record], Future[Prepared]]] = deque()
        while chunk := next(chunks, []):
            ahead.append((chunk, self._workers.submit(chunk, self._types if self._expects_new else None)))
            if len(ahead) > self._workers.number:
                yield _first(ahead)
        while ahead:
            yield _first(ahead)
        # Their memory is needed for what comes next.
        self._workers.end()

    def _add(self, types: Mapping[str, Types]) -> None:
        for table, columns in types.items():
            self._types.setdefault(table, {}).update(columns)


def _first(ahead: deque[tuple[Sequence[Record], Future[Prepared]]]) -> tuple[Sequence[Record], Prepared]:
    chunk, future = ahead.popleft()
    return chunk, future.result()
