"""One load: records in, the tables of a raw schema and a ledger row with status 0 out, or nothing at all.

dlt does the unpacking, the schema's evolution and the loading. What is added here: the same input twice adds
nothing, a load that died is swept away before the next one, and a bad record goes to quarantine.
"""

from __future__ import annotations

import hashlib
import logging
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import chain, islice
from typing import Any, NoReturn

import dlt
from dlt.pipeline.exceptions import PipelineStepFailed
from filelock import FileLock, Timeout

from parley import settings
from parley.errors import UnpackError
from parley.loads import LOADS
from parley.unpack.contract import Contract, Document, NotValidError, Row
from parley.unpack.landed import Landed
from parley.unpack.pipeline import QUARANTINE, create_indexes, destination, source
from parley.unpack.sources import Record
from parley.unpack.values import storable
from parley.warehouse import Connection, Warehouse

log = logging.getLogger(__name__)

RECORDS_AT_ONCE = 2_000


@dataclass
class Result:
    """What one unpacking did.

    Attributes:
        load_id: of the new load; None when there was nothing new.
        landed: documents in this load.
        repeated: known already, from an earlier load or from further up in the same input.
        set_aside: records in this load's quarantine, by reason.
    """

    load_id: str | None = None
    landed: int = 0
    repeated: int = 0
    set_aside: Counter[str] = field(default_factory=Counter)


def unpack(
    records: Iterable[Record], schema: str, contract: Contract, warehouse: Warehouse, *, strict: bool = False
) -> Result:
    """Bring what is new in the records into the raw schema, as one load.

    Args:
        strict: land nothing when one record is bad.

    Raises:
        UnpackError: a record was bad and `strict` is set, or the source cannot be read.
    """
    with _only_one(schema), warehouse.connect() as connection:
        pipeline = dlt.pipeline(
            schema,
            destination=destination(warehouse, connection),
            dataset_name=schema,
            pipelines_dir=str(settings.STATE / "dlt" / "pipelines"),
        )
        if pipeline.has_pending_data:
            # What dlt would go on with may be half in: it comes again from the source. The rest of dlt's state is
            # in the warehouse too and is restored from there.
            pipeline.drop()
        _sweep(connection, schema)
        result = Result()
        rows = _new_rows(records, Landed(connection, schema, contract), contract, result, strict)
        first = next(rows, None)
        if first is None:
            return result
        try:
            info = pipeline.run(
                source(schema, contract, chain([first], rows), warehouse.kind),
                # DuckDB reads Parquet several times as fast as INSERT statements, in bounded memory.
                loader_file_format="parquet" if warehouse.kind == "duckdb" else None,  # type: ignore[arg-type]
            )
        except PipelineStepFailed as error:
            pipeline.drop()
            _raise_cause(error)
        create_indexes(connection, schema, contract)
        result.load_id = info.loads_ids[0]
        return result


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
) -> Iterator[Row]:
    """The rows of the documents that have not landed yet, and of the records set aside; counts into `result`."""
    records = iter(records)
    while chunk := list(islice(records, RECORDS_AT_ONCE)):
        documents: list[Document] = []
        rejects: list[dict[str, Any]] = []
        for record in chunk:
            try:
                documents.append(contract.parse(record))
            except NotValidError as error:
                if strict:
                    place = f"{record.place}, line {record.number}"
                    raise UnpackError(f"{place}: {error}. Nothing was landed.") from error
                rejects.append(_reject(record, str(error)))

        new = landed.new(QUARANTINE, [reject["_dlt_id"] for reject in rejects])
        for reject in rejects:
            if reject["_dlt_id"] in new:
                result.set_aside[reject["reason"]] += 1
                yield QUARANTINE, reject

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
            yield from document.rows(next(positions[document.sequence]))


def _reject(record: Record, reason: str) -> dict[str, Any]:
    identity = f"{record.place}\0{record.number}\0{record.text}".encode("utf-8", "surrogatepass")
    return {
        "_dlt_id": hashlib.blake2b(identity, digest_size=16).hexdigest(),
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
