"""One load: records in, the tables of a raw schema and a ledger row with status 0 out, or nothing at all.

dlt does the unpacking, the schema's evolution and the loading. What is added here: the same input twice adds
nothing, a load that died is swept away before the next one, and a bad record goes to quarantine.
"""

from __future__ import annotations

import gc
import logging
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import chain, islice
from typing import Any, NoReturn

import pyarrow as pa
from dlt.pipeline.exceptions import PipelineStepFailed
from filelock import FileLock, Timeout

from parley import settings
from parley.errors import UnpackError
from parley.loads import LOADS
from parley.unpack.columns import Types, arrow_table
from parley.unpack.contract import Contract, Document, NotValidError, Row
from parley.unpack.flatten import Flattener
from parley.unpack.landed import Landed
from parley.unpack.naming import PROPAGATED, RECORD_HASH
from parley.unpack.pipeline import column_types, create_indexes, file_format, pipeline, source, spare_memory
from parley.unpack.positions import position_rows, resume, unchanged_files
from parley.unpack.progress import progress
from parley.unpack.sources import Record
from parley.unpack.values import digest, storable
from parley.warehouse import Connection, Warehouse

log = logging.getLogger(__name__)

RECORDS_AT_ONCE = 5_000
# What all Arrow tables together may grow to before the largest are handed to dlt.
BYTES_AT_ONCE = 16_000_000

QUARANTINE = "quarantine"
QUARANTINE_COLUMNS: Types = {"reason": "text", "place": "text", "number": "bigint", "text": "text"}


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


def unpack(
    records: Iterable[Record],
    schema: str,
    contract: Contract,
    warehouse: Warehouse,
    *,
    strict: bool = False,
    from_start: bool = False,
) -> Result:
    """Bring what is new in the records into the raw schema, as one load.

    Args:
        strict: land nothing when one record is bad.
        from_start: read all that there is: a tracker store not on from where the last load ended, files that have
            landed and not changed too.

    Raises:
        UnpackError: a record was bad and `strict` is set, or the source cannot be read.
    """
    with _only_one(schema), warehouse.connect() as connection:
        spare_memory(connection)
        dlt_pipeline = pipeline(schema, warehouse, connection)
        _sweep(connection, schema)
        if not from_start:
            resume(records, connection, schema)
        result = Result()
        with progress(schema) as seen:
            new = _new_rows(seen(records), Landed(connection, schema, contract), contract, result, strict)
            first = next(new, None)
            result.unchanged_files = unchanged_files(records)
            if first is None:
                return result
            rows = chain([first], new, position_rows(records, connection, schema))
            tables = _tables(rows, contract, column_types(dlt_pipeline))
            try:
                with _without_garbage_collection():
                    info = dlt_pipeline.run(
                        source(schema, contract, tables, warehouse.kind),
                        loader_file_format=file_format(warehouse.kind),
                    )
            except PipelineStepFailed as error:
                dlt_pipeline.drop()
                _raise_cause(error)
        create_indexes(connection, schema, contract)
        result.unchanged_files = unchanged_files(records)
        result.load_id = info.loads_ids[0]
        return result


def _tables(chunks: Iterable[list[Row]], contract: Contract, types: dict[str, Types]) -> Iterator[tuple[str, pa.Table]]:
    """The rows as Arrow tables, each raw table's in pieces that fit into memory together.

    Args:
        types: of the columns that the raw schema has already.
    """
    promised = {**contract.tables, QUARANTINE: QUARANTINE_COLUMNS}
    for table, known in promised.items():
        types[table] = {RECORD_HASH: "text", **known, **types.get(table, {})}
    flattener = Flattener(PROPAGATED)
    pieces: defaultdict[str, list[pa.Table]] = defaultdict(list)
    for chunk in chunks:
        for table, columns in flattener.flatten(chunk).items():
            pieces[table].append(arrow_table(columns, types.setdefault(table, {}), contract.text_columns))
        yield from _largest(pieces)
    for table in promised:
        pieces[table].append(arrow_table({}, types[table], contract.text_columns))
    for table, parts in pieces.items():
        yield table, _joined(parts)


def _largest(pieces: dict[str, list[pa.Table]]) -> Iterator[tuple[str, pa.Table]]:
    """Take out the largest tables when all together have become too large.

    The small ones stay: each piece that is handed to dlt costs some milliseconds, whatever is in it.
    """
    sizes = {table: sum(part.nbytes for part in parts) for table, parts in pieces.items()}
    size = sum(sizes.values())
    if size > BYTES_AT_ONCE:
        for table in sorted(sizes, key=sizes.__getitem__, reverse=True):
            if size <= BYTES_AT_ONCE / 2:
                break
            size -= sizes[table]
            yield table, _joined(pieces.pop(table))


def _joined(parts: list[pa.Table]) -> pa.Table:
    return pa.concat_tables(parts, promote_options="default")


@contextmanager
def _only_one(schema: str) -> Iterator[None]:
    """One unpacking of a schema at a time: it would take the rows of another for those of a load that died."""
    path = settings.STATE / "dlt" / f"{schema}.lock"
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(path)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        log.warning("Waiting for another unpacking into %s to end", schema)
        lock.acquire()
    try:
        yield
    finally:
        lock.release()


@contextmanager
def _without_garbage_collection() -> Iterator[None]:
    """Documents hold no cycles, and looking for some among millions of new objects costs a fourth of the time."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _sweep(connection: Connection, schema: str) -> None:
    """Delete the rows of loads that died before they had a ledger row: their input comes again, and whole."""
    if LOADS not in connection.tables(schema):
        return
    tables = connection.query(
        "select table_name from information_schema.columns where table_schema = %s and column_name = '_load_id'",
        [schema],
    )
    for (table,) in tables:
        orphans = f'from {schema}."{table}" where _load_id not in (select load_id from {schema}.{LOADS})'
        [[count]] = connection.query(f"select count(*) {orphans}")
        if count:
            log.warning("Removing %s rows of a load that never completed from %s.%s", count, schema, table)
            connection.query(f"delete {orphans}")


def _new_rows(
    records: Iterable[Record], landed: Landed, contract: Contract, result: Result, strict: bool
) -> Iterator[list[Row]]:
    """The rows of the documents that have not landed yet and of the records set aside, some thousand records at a time;
    counts into `result`."""
    records = iter(records)
    while chunk := list(islice(records, RECORDS_AT_ONCE)):
        documents: list[Document] = []
        rejects: list[dict[str, Any]] = []
        rows: list[Row] = []
        for record in chunk:
            try:
                documents.append(contract.parse(record))
            except NotValidError as error:
                if strict:
                    place = f"{record.place}, line {record.number}"
                    raise UnpackError(f"{place}: {error}. Nothing was landed.") from error
                rejects.append(_reject(record, str(error)))

        new = landed.new(QUARANTINE, [reject[RECORD_HASH] for reject in rejects])
        for reject in rejects:
            if reject[RECORD_HASH] in new:
                result.set_aside[reject["reason"]] += 1
                rows.append((QUARANTINE, {}, reject))

        new = set()
        for root in {document.root for document in documents}:
            new |= landed.new(root, [document.record_hash for document in documents if document.root == root])
        positions = landed.positions({document.sequence for document in documents})
        for document in documents:
            if document.record_hash not in new:
                result.repeated += 1
                continue
            new.remove(document.record_hash)  # the next one like it is a repetition
            result.landed += 1
            rows += document.rows(next(positions[document.sequence]))
        if rows:
            yield rows


def _reject(record: Record, reason: str) -> dict[str, Any]:
    identity = f"{record.place}\0{record.number}\0{record.text}".encode("utf-8", "surrogatepass")
    return {
        RECORD_HASH: digest(identity),
        "reason": reason,
        "place": record.place,
        "number": record.number,
        "text": storable(record.text),
    }


def _raise_cause(error: BaseException) -> NoReturn:
    """Raise the user's error that dlt wrapped, or dlt's own."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, UnpackError):
            raise cause
        cause = cause.__cause__ or cause.__context__
    raise error
