"""What tasks on any machine have prepared of a source's files, in a folder that the task that lands it reaches too.

A part is a help and no more: it has what `Preparer` makes of the files. Where there is none, or the files or the raw
schema have changed since, the files are read.
"""

from __future__ import annotations

import json
import logging
import posixpath
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import fsspec
import pyarrow as pa

from parley.errors import UnpackError
from parley.unpack.columns import Types
from parley.unpack.landing import Batch
from parley.unpack.prepare import Identity, Prepared
from parley.unpack.sources import DocumentFiles, FileVersion, Record

log = logging.getLogger(__name__)

# An Arrow stream: a batch for each `Prepared`, with a row for each of its tables, and these two first.
DOCUMENTS = "#documents"
TYPES = "#types"
SCHEMA = pa.schema([("name", pa.string()), ("content", pa.binary())])
FILES = b"files"
COMPRESSED = pa.ipc.IpcWriteOptions(compression="zstd")


@dataclass(frozen=True)
class Part:
    """What was prepared of some files.

    Attributes:
        files: as they were then, in order.
    """

    files: list[FileVersion]
    path: str
    system: Any = field(repr=False)

    def prepared(self) -> Iterator[Prepared]:
        """What was prepared, some thousand records at a time."""
        with self.system.open(self.path, "rb") as content, pa.ipc.open_stream(content) as batches:
            for batch in batches:
                yield _from_batch(batch)


class Parts:
    """The parts of one run.

    Args:
        url: a folder of their own, local or at a URL that fsspec knows.
    """

    def __init__(self, url: str) -> None:
        self._system, self._folder = fsspec.url_to_fs(url)
        self._url = url

    def write_types(self, types: Mapping[str, Types]) -> None:
        """Keep the columns that the raw schema has, for the tasks that prepare."""
        self._system.makedirs(self._folder, exist_ok=True)
        with self._system.open(self._path("types.json"), "w") as file:
            json.dump(types, file)

    def types(self) -> dict[str, Types]:
        """The columns that the raw schema has.

        Raises:
            UnpackError: the folder is not the one that they were written to.
        """
        try:
            with self._system.open(self._path("types.json")) as file:
                return dict(json.load(file))
        except FileNotFoundError as error:
            raise UnpackError(
                f"{self._url} does not have what the task share_out wrote: the two reach different folders. "
                "Set UNPACK_PARTS to one that all tasks reach, s3://bucket/parts for example."
            ) from error

    def write(self, number: int, files: Sequence[FileVersion], prepared: Iterable[Prepared]) -> int:
        """Keep what was prepared of some files. It is there when it is whole, or not at all.

        Returns:
            of how many records that was.
        """
        records = 0
        self._system.makedirs(self._folder, exist_ok=True)
        path = self._path(f"{number:04}.part")
        schema = SCHEMA.with_metadata({FILES: json.dumps(files)})
        with self._system.open(f"{path}.incomplete", "wb") as file, pa.ipc.new_stream(file, schema) as stream:
            for item in prepared:
                stream.write_batch(_to_batch(item))
                records += len(item.documents)
        self._system.mv(f"{path}.incomplete", path)
        return records

    def read(self) -> list[Part]:
        """The parts that are there, by their number."""
        self._system.invalidate_cache()  # other processes wrote it
        if not self._system.isdir(self._folder):
            return []
        paths = sorted(path for path in self._system.ls(self._folder, detail=False) if path.endswith(".part"))
        return [Part(self._files(path), path, self._system) for path in paths]

    def remove(self) -> None:
        """Remove these parts, and those that runs before this one have left."""
        folder = posixpath.dirname(self._folder)
        if self._system.isdir(folder):
            self._system.rm(folder, recursive=True)

    def _files(self, path: str) -> list[FileVersion]:
        with self._system.open(path, "rb") as content, pa.ipc.open_stream(content) as batches:
            return [FileVersion(*file) for file in json.loads(batches.schema.metadata[FILES])]

    def _path(self, name: str) -> str:
        return f"{self._folder}/{name}"


def batches(source: Iterable[Record], parts: Sequence[Part]) -> Iterator[Batch]:
    """The records of a source, in order; those of which there is a part with what it has."""
    if not parts or not isinstance(source, DocumentFiles):
        yield Batch(iter(source))
        return
    by_first: dict[FileVersion | None, Part] = {part.files[0]: part for part in parts}
    unread = source.files()
    versions = [version for _, version in unread]
    start = end = 0
    while end < len(unread):
        part = by_first.get(versions[end])
        size = len(part.files) if part else 1
        if part and versions[end : end + size] == part.files:
            yield Batch(source.records(unread[start:end]))
            log.info("Taking what was prepared of %s files from %s", size, part.path)
            yield Batch(source.records(unread[end : end + size]), part.prepared())
            source.has_read(part.files)
            start = end + size
        end += size
    yield Batch(source.records(unread[start:]))


def _to_batch(prepared: Prepared) -> pa.RecordBatch:
    assert prepared.tables is not None
    documents = dict(zip(Identity._fields, map(list, zip(*prepared.documents, strict=True)), strict=True))
    tables = {DOCUMENTS: pa.table(documents), **prepared.tables}
    names = [TYPES, *tables]
    contents = [json.dumps(prepared.types).encode(), *map(_packed, tables.values())]
    return pa.record_batch([names, contents], schema=SCHEMA)


def _from_batch(batch: pa.RecordBatch) -> Prepared:
    contents = dict(zip(batch["name"].to_pylist(), batch["content"], strict=True))
    types = json.loads(contents.pop(TYPES).as_py())
    tables = {name: pa.ipc.open_stream(content.as_buffer()).read_all() for name, content in contents.items()}
    documents = tables.pop(DOCUMENTS)
    rows = zip(*(documents[name].to_pylist() for name in Identity._fields), strict=True)
    return Prepared([Identity(*row) for row in rows], tables, types)


def _packed(table: pa.Table) -> bytes:
    packed = pa.BufferOutputStream()
    with pa.ipc.new_stream(packed, table.schema, options=COMPRESSED) as stream:
        stream.write_table(table)
    return bytes(packed.getvalue())
