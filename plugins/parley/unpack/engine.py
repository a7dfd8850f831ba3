"""One load: records in, the tables of a raw schema and a ledger row with status 0 out, or nothing at all.

dlt does the unpacking, the schema's evolution and the loading. What is added here: the same input twice adds
nothing, a load that died is swept away before the next one, and a bad record goes to quarantine.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import NoReturn

import pyarrow as pa
from dlt.pipeline.exceptions import PipelineStepFailed

from parley.errors import UnpackError
from parley.loads import LOADS
from parley.unpack import WRITTEN_AT_ONCE
from parley.unpack.columns import Types
from parley.unpack.contract import Contract
from parley.unpack.landed import Landed
from parley.unpack.landing import Landing, Result
from parley.unpack.parts import Part, batches
from parley.unpack.pieces import Pieces
from parley.unpack.pipeline import (
    ROWS_HELD,
    create_indexes,
    delete_files,
    file_format,
    known_types,
    limit_memory,
    pipeline,
    source,
    spare_memory,
)
from parley.unpack.positions import position_rows, resume, unchanged_files
from parley.unpack.prepare import QUARANTINE, Preparer, without_garbage_collection
from parley.unpack.progress import progress
from parley.unpack.sources import Record
from parley.unpack.turn import turn_everywhere, turn_here
from parley.unpack.workers import Workers, number_of_workers
from parley.warehouse import Connection, Warehouse

log = logging.getLogger(__name__)


def unpack(
    records: Iterable[Record],
    schema: str,
    contract: Contract,
    warehouse: Warehouse,
    *,
    strict: bool = False,
    from_start: bool = False,
    parts: Sequence[Part] = (),
) -> Result:
    """Bring what is new in the records into the raw schema, as one load.

    Args:
        strict: land nothing when one record is bad.
        from_start: read all that there is: a tracker store not on from where the last load ended, files that have
            landed and not changed too.
        parts: what was prepared of the records before. What was bad in them is in them, so not with `strict`.

    Raises:
        UnpackError: a record was bad and `strict` is set, or the source cannot be read.
    """
    with turn_here(schema), warehouse.connect() as connection:
        turn_everywhere(connection, schema)
        spare_memory(connection)
        dlt_pipeline = pipeline(schema, warehouse, connection)
        _sweep(connection, schema)
        if not from_start:
            resume(records, connection, schema)
        result = Result()
        types = known_types(dlt_pipeline.schemas.get(schema), contract)
        with (
            progress(schema) as seen,
            Workers(contract, strict=strict, number=number_of_workers()) as workers,
        ):
            landed = Landed(connection, schema, contract)
            landing = Landing(landed, Preparer(contract, strict=strict), workers, types, seen)
            new = landing.tables(batches(records, parts), result)
            first = next(new, None)
            result.unchanged_files = unchanged_files(records)
            if first is None:
                return result
            chunks = chain([first], new, landing.tables_of(position_rows(records, connection, schema)))
            try:
                with without_garbage_collection():
                    info = dlt_pipeline.run(
                        source(schema, contract, _pieces(chunks, types, contract, connection), warehouse.kind),
                        loader_file_format=file_format(warehouse.kind),
                    )
            except PipelineStepFailed as error:
                dlt_pipeline.drop()
                _raise_cause(error)
        delete_files(dlt_pipeline)
        create_indexes(connection, schema, contract)
        result.unchanged_files = unchanged_files(records)
        result.load_id = info.loads_ids[0]
        return result


def _pieces(
    chunks: Iterable[dict[str, pa.Table]], types: Mapping[str, Types], contract: Contract, connection: Connection
) -> Iterator[tuple[str, pa.Table]]:
    """The raw tables of the chunks, in pieces that fit into memory together; of promised ones at least an empty one."""
    pieces = Pieces(types)
    for tables in chunks:
        pieces.add(tables)
        yield from pieces.largest()
    yield from pieces.rest([*contract.tables, QUARANTINE])
    # All is with dlt now, which writes it next.
    limit_memory(connection, widest=pieces.widest(WRITTEN_AT_ONCE, ROWS_HELD))


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


def _raise_cause(error: BaseException) -> NoReturn:
    """Raise the user's error that dlt wrapped, or dlt's own."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, UnpackError):
            raise cause
        cause = cause.__cause__ or cause.__context__
    raise error
