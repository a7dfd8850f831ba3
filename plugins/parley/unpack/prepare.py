"""Records made ready to land: parsed, flattened, and turned into Arrow tables.

Nothing here asks what has landed already, so that it can be done in any process. Which documents are new, and the
position of each in its sequence, is decided where they land: see `Prepared.only`.
"""

from __future__ import annotations

import gc
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from parley.errors import UnpackError
from parley.unpack.columns import Types, arrow_table
from parley.unpack.contract import Contract, Document, NotValidError, Row
from parley.unpack.flatten import Flattener
from parley.unpack.naming import PARENT_HASH, POS, PROPAGATED, RECORD_HASH
from parley.unpack.sources import Record
from parley.unpack.values import digest, storable

QUARANTINE = "quarantine"
QUARANTINE_COLUMNS: Types = {"reason": "text", "place": "text", "number": "bigint", "text": "text"}

# The column with the number of each row's document among those prepared with it. No name of a raw schema has a #.
DOCUMENT = "#document"


class Identity(NamedTuple):
    """What is asked of a document to decide whether it lands, and where.

    Attributes:
        reason: why it was set aside; None of a valid one.
    """

    root: str
    record_hash: str
    sequence: str
    reason: str | None


@dataclass(frozen=True)
class Prepared:
    """Documents ready to land.

    Attributes:
        documents: one for each record, in order.
        tables: their rows by raw table; None when only the documents were asked for.
        types: the columns that are new in these tables.
    """

    documents: list[Identity]
    tables: Mapping[str, pa.Table] | None
    types: Mapping[str, Types]

    def fits(self, types: Mapping[str, Types]) -> bool:
        """Whether the tables would be the same if they were made now that the raw schema has these columns."""
        return self.tables is not None and all(
            types.get(table, {}).get(name, kind) == kind
            for table, columns in self.types.items()
            for name, kind in columns.items()
        )

    def only(self, new: Sequence[bool], positions: Sequence[int]) -> dict[str, pa.Table]:
        """The tables as they land.

        Args:
            new: by document, whether it lands.
            positions: by document, its position in its sequence.
        """
        assert self.tables is not None
        landing = None if all(new) else pa.array(new)
        placed = pa.array(positions, pa.int64())
        found = {}
        for name, table in self.tables.items():
            rows = table.filter(landing.take(table[DOCUMENT])) if landing is not None else table
            if rows.num_rows:
                found[name] = _with_positions(rows, placed).drop_columns(DOCUMENT)
        return found


@dataclass(frozen=True)
class Rejected:
    """A record that is no valid document, as the document that lands in quarantine."""

    record: Record
    reason: str

    root = QUARANTINE
    sequence = ""

    @property
    def record_hash(self) -> str:
        place, number, text, _ = self.record
        return digest(f"{place}\0{number}\0{text}".encode("utf-8", "surrogatepass"))

    def rows(self, pos: int) -> list[Row]:
        """Its row in quarantine. See `Document`."""
        del pos  # quarantine has no order
        place, number, text, _ = self.record
        columns = {"reason": self.reason, "place": place, "number": number, "text": storable(text)}
        return [(QUARANTINE, {}, {RECORD_HASH: self.record_hash, **columns})]


@contextmanager
def without_garbage_collection() -> Iterator[None]:
    """Documents hold no cycles, and looking for some among millions of new objects costs a fourth of the time."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


class Preparer:
    """Prepares records, and remembers the names that it has worked out.

    Args:
        strict: raise UnpackError when a record is bad.
    """

    def __init__(self, contract: Contract, *, strict: bool) -> None:
        self._contract = contract
        self._strict = strict
        self._flattener = Flattener({**PROPAGATED, DOCUMENT: DOCUMENT})

    def prepare(self, records: Sequence[Record], types: Mapping[str, Types]) -> Prepared:
        """The documents in the records, with their tables.

        Args:
            types: of the columns that the raw schema has, by table.
        """
        documents = [self._document(record) for record in records]
        rows: list[Row] = []
        for number, document in enumerate(documents):
            # Below every position there can be: this document's, whatever it will be.
            found = document.rows(-1 - number)
            for _, _, own in found:
                own[DOCUMENT] = number
            rows += found
        tables, new = self.tables(rows, types)
        return Prepared([_identity(document) for document in documents], tables, new)

    def identify(self, records: Sequence[Record]) -> Prepared:
        """The documents alone: for records that have most likely landed already."""
        return Prepared([_identity(self._document(record)) for record in records], None, {})

    def tables(self, rows: Iterable[Row], types: Mapping[str, Types]) -> tuple[dict[str, pa.Table], dict[str, Types]]:
        """The rows as tables, and the columns that are new in them."""
        tables, new = {}, {}
        for table, columns in self._flattener.flatten(rows).items():
            documents = columns.pop(DOCUMENT, None)
            known = types.get(table, {})
            found = dict(known)
            tables[table] = arrow_table(columns, found, self._contract.text_columns)
            if documents is not None:
                tables[table] = tables[table].append_column(DOCUMENT, documents.array(pa.int32()))
            if len(found) > len(known):
                new[table] = {name: kind for name, kind in found.items() if name not in known}
        return tables, new

    def _document(self, record: Record) -> Document:
        try:
            return self._contract.parse(record)
        except (NotValidError, RecursionError) as error:
            # orjson reads what is deeper than Python can write again.
            reason = str(error) if isinstance(error, NotValidError) else "nested too deeply"
            if self._strict:
                raise UnpackError(f"{record.place}, line {record.number}: {reason}. Nothing was landed.") from error
            return Rejected(record, reason)


def _identity(document: Document) -> Identity:
    reason = document.reason if isinstance(document, Rejected) else None
    return Identity(document.root, document.record_hash, document.sequence, reason)


def _with_positions(table: pa.Table, positions: pa.Array) -> pa.Table:
    """The table, with the position of its document in the place of each number below 0."""
    if POS not in table.column_names or PARENT_HASH in table.column_names:  # rows of a list have one in it
        return table
    column = table[POS]
    placed = pc.if_else(pc.less(column, 0), positions.take(table[DOCUMENT]), column)
    return table.set_column(table.column_names.index(POS), POS, placed)
