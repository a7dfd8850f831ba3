"""What of a source lands: the tables of the documents that are new, in the order in which they came."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from functools import partial
from itertools import chain, compress, islice

import pyarrow as pa

from parley.errors import UnpackError
from parley.unpack.columns import Types, add_types
from parley.unpack.contract import Row
from parley.unpack.landed import Landed
from parley.unpack.prepare import QUARANTINE, Identity, Prepared, Preparer
from parley.unpack.progress import Seen
from parley.unpack.sources import NOTHING, Record
from parley.unpack.workers import Workers

RECORDS_AT_ONCE = 7_000
# Of their text: the larger the records, the fewer of them.
CHARACTERS_AT_ONCE = 16_000_000
# Workers take some seconds to start, which a small input is done in.
CHUNKS_WITHOUT_WORKERS = 6


Chunk = Callable[[], Sequence[Record]]
"""Some records, for whoever asks for them."""


@dataclass(frozen=True)
class Batch:
    """Records of a source.

    Attributes:
        prepared: what was prepared of them before, in order; None when nothing was.
    """

    records: Iterator[Record]
    prepared: Iterator[Prepared] | None = None


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

    def count(self, documents: Sequence[Identity], new: Sequence[bool]) -> None:
        """Count documents that were read, by whether each is new."""
        valid = [document.root != QUARANTINE for document in documents]
        landed = sum(compress(new, valid))
        self.landed += landed
        self.repeated += sum(valid) - landed
        self.set_aside.update(document.reason for document in compress(documents, new) if document.reason)


class Landing:
    """Chooses what lands, some thousand records at a time.

    Args:
        types: of the columns that the raw schema has, by table; those that are new are added.
        seen: is told how many records there were.
    """

    def __init__(
        self, landed: Landed, preparer: Preparer, workers: Workers, types: dict[str, Types], seen: Seen
    ) -> None:
        self._landed = landed
        self._preparer = preparer
        self._workers = workers
        self._types = types
        self._seen = seen
        # Until a whole chunk has landed before: the next one most likely has too, and its tables are not needed.
        self._expects_new = True

    def tables(self, batches: Iterable[Batch], result: Result) -> Iterator[dict[str, pa.Table]]:
        """The tables of the documents that have not landed yet and of the records set aside; counts into `result`."""
        for batch in batches:
            for chunk, early in self._before(batch) if batch.prepared else self._now(batch):
                self._seen(len(early.documents))
                new, positions = self._landed.choose(early.documents)
                result.count(early.documents, new)
                self._expects_new = any(new)
                if any(new):
                    prepared = early if early.fits(self._types) else self._again(chunk(), early)
                    add_types(self._types, prepared.types)
                    yield prepared.only(new, positions)
        self._seen(0)
        # Their memory is needed for what comes next.
        self._workers.end()
        self._landed.forget()

    def tables_of(self, chunks: Iterable[list[Row]]) -> Iterator[dict[str, pa.Table]]:
        """The tables of rows that belong to no document."""
        for rows in chunks:
            tables, types = self._preparer.tables(rows, self._types)
            add_types(self._types, types)
            yield tables

    def _again(self, records: Sequence[Record], early: Prepared) -> Prepared:
        """Records prepared once more, now that the raw schema has other columns."""
        prepared = self._preparer.prepare(records, self._types)
        if prepared.documents != early.documents:
            raise UnpackError(f"{records[0].place if records else 'A file'} has changed while it was read. {NOTHING}")
        return prepared

    def _before(self, batch: Batch) -> Iterator[tuple[Chunk, Prepared]]:
        """What was prepared before of a batch, each with the records that it was made of."""
        passed = read = 0

        def chunk(start: int, size: int) -> Sequence[Record]:
            """The records from one on, none of which was asked for before."""
            nonlocal read
            records = list(islice(batch.records, start - read, start - read + size))
            read = start + size
            return records

        for prepared in batch.prepared or ():
            size = len(prepared.documents)
            yield partial(chunk, passed, size), prepared
            passed += size

    def _now(self, batch: Batch) -> Iterator[tuple[Chunk, Prepared]]:
        """The records of a batch in chunks, each with what it was prepared to, in order.

        A worker knows the columns of the time when it was given a chunk. When those that it then finds have got other
        types meanwhile, the chunk has to be prepared again.
        """
        chunks = in_chunks(batch.records)
        begin = list(islice(chunks, CHUNKS_WITHOUT_WORKERS))
        chunks = chain(begin, chunks)
        if not self._workers.number or len(begin) < CHUNKS_WITHOUT_WORKERS:
            for chunk in chunks:
                yield partial(_same, chunk), self._preparer.prepare(chunk, self._types)
            return
        del begin
        ahead: deque[tuple[Sequence[Record], Future[Prepared]]] = deque()
        while chunk := next(chunks, []):
            ahead.append((chunk, self._workers.submit(chunk, self._types if self._expects_new else None)))
            if len(ahead) > self._workers.number:
                yield _first(ahead)
        while ahead:
            yield _first(ahead)


def in_chunks(records: Iterator[Record]) -> Iterator[Sequence[Record]]:
    """The records, some thousand at a time; fewer where they are large."""
    chunk: list[Record] = []
    size = 0
    for record in records:
        chunk.append(record)
        size += len(record.text)
        if len(chunk) == RECORDS_AT_ONCE or size >= CHARACTERS_AT_ONCE:
            yield chunk
            chunk, size = [], 0
    if chunk:
        yield chunk


def _first(ahead: deque[tuple[Sequence[Record], Future[Prepared]]]) -> tuple[Chunk, Prepared]:
    chunk, future = ahead.popleft()
    return partial(_same, chunk), future.result()


def _same(chunk: Sequence[Record]) -> Sequence[Record]:
    return chunk
