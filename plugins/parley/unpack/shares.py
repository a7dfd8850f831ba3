"""A large source shared out: tasks on any machine prepare its files for the one task that lands them."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from typing import TypedDict

from parley import settings
from parley.unpack.columns import Types, add_types
from parley.unpack.contract import Contract
from parley.unpack.landing import in_chunks
from parley.unpack.parts import Parts
from parley.unpack.pipeline import known_types
from parley.unpack.positions import resume
from parley.unpack.prepare import Prepared, Preparer, without_garbage_collection
from parley.unpack.schema_files import VERSIONS, versions
from parley.unpack.sources import DocumentFiles, Record, Unread
from parley.unpack.values import digest
from parley.warehouse import Warehouse

MEGABYTE = 1_000_000
# What is in a compressed file is about so many times larger.
UNPACKED = 8
# Airflow maps a task over 1,024 values at most.
MOST_SHARES = 1_000


class Share(TypedDict):
    """What one task prepares.

    Attributes:
        number: shares come in the order of their files.
        files: place and path of each.
    """

    number: int
    files: list[tuple[str, str]]


def parts_of(schema: str, run_id: str) -> Parts:
    """The parts that a run makes of what goes into a raw schema."""
    folder = os.environ.get("UNPACK_PARTS") or str(settings.STATE / "parts")
    return Parts(f"{folder.rstrip('/')}/{schema}/{digest(run_id.encode())}")


def share_out(
    source: DocumentFiles, schema: str, contract: Contract, warehouse: Warehouse, parts: Parts
) -> list[Share]:
    """Shares of what is new in a source, of about UNPACK_SHARE_MB each. None when it is too little for two.

    Raises:
        UnpackError: there is nothing at that place.
        ConfigurationError: UNPACK_SHARE_MB is not a number.
    """
    size = settings.number("UNPACK_SHARE_MB", 64) * MEGABYTE
    files = source.files() if size else []
    # The warehouse need not be asked when it would not be enough even if all of it were new.
    if len(_shares(files, size)) < 2:
        return []
    with warehouse.connect() as connection:
        resume(source, connection, schema)
        has_versions = VERSIONS in connection.tables(schema)
        dlt_schema = versions(connection, schema)[-1].schema() if has_versions else None
    shares = _shares([(file, version) for file, version in files if version not in source.landed], size)
    if len(shares) < 2:
        return []
    parts.write_types(known_types(dlt_schema, contract))
    return shares


def prepare_share(source: DocumentFiles, share: Share, contract: Contract, parts: Parts) -> int:
    """Prepare the files of a share, and keep what comes of it.

    Returns:
        how many records there were.
    """
    files = [(file, file.version()) for file in (source.file(*found) for found in share["files"])]
    with without_garbage_collection():
        prepared = _prepared(source.records(files), Preparer(contract, strict=False), parts.types())
        return parts.write(share["number"], [version for _, version in files if version], prepared)


def _prepared(records: Iterator[Record], preparer: Preparer, types: dict[str, Types]) -> Iterator[Prepared]:
    """The records in chunks, each with all columns that were new so far: of what comes later, these are assumed."""
    new: dict[str, Types] = {}
    for chunk in in_chunks(records):
        prepared = preparer.prepare(chunk, types)
        add_types(types, prepared.types)
        add_types(new, prepared.types)
        yield Prepared(prepared.documents, prepared.tables, new)


def _shares(files: Sequence[Unread], size: int) -> list[Share]:
    """The files in a row, in groups of so many bytes at least, but for the last.

    None where a file cannot be known again.
    """
    if not all(version for _, version in files):
        return []
    sizes = [file.size() * (UNPACKED if file.is_compressed else 1) for file, _ in files]
    size = max(size, sum(sizes) // MOST_SHARES)
    shares: list[Share] = []
    room = 0
    for (file, _), of_file in zip(files, sizes, strict=True):
        if room <= 0:
            shares.append({"number": len(shares), "files": []})
            room = size
        shares[-1]["files"].append((file.place, file.path))
        room -= of_file
    return shares
