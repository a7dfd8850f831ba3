"""JSON documents in files: one a line, or one after another as they come or as the items of an array."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator
from io import TextIOWrapper
from itertools import chain

import fsspec

from parley.errors import UnpackError
from parley.unpack.sources.files import NOTHING, File, FileSource, Unread, list_files
from parley.unpack.sources.record import Record

LINES = (".ndjson", ".jsonl")
JSON = ".json"
CHARACTERS_AT_ONCE = 1_000_000

_DECODER = json.JSONDecoder()
_BETWEEN = re.compile(r"[\s,]*")


class DocumentFiles(FileSource):
    """The documents of one file, or of every file of NDJSON or JSON below a folder in the order of their names.

    Args:
        source: the file or folder, local or a URL that fsspec knows.
        records_of: the records of a document.
    """

    def __init__(self, source: str, records_of: Callable[[Record], Iterable[Record]] | None = None) -> None:
        super().__init__()
        self._source = source
        self._records_of = records_of

    def __iter__(self) -> Iterator[Record]:
        return self.records(self.files())

    def files(self) -> list[Unread]:
        """The files that are to be read, in order.

        Raises:
            UnpackError: there is nothing at that place.
        """
        return self.unread(list_files(self._source, (*LINES, JSON)))

    def file(self, place: str, path: str) -> File:
        """One of its files, by what `files` said of it."""
        return File(place, path, fsspec.url_to_fs(self._source)[0])

    def records(self, files: Iterable[Unread]) -> Iterator[Record]:
        """The records of files, in order.

        Raises:
            UnpackError: a file cannot be read to its end.
        """
        for file, version in files:
            documents = _read(file)
            yield from chain.from_iterable(map(self._records_of, documents)) if self._records_of else documents
            self.has_read([version])


def _read(file: File) -> Iterator[Record]:
    # Many call a file .json that has a document a line.
    return read_json(file) if file.suffix == JSON and not _has_lines(file) else read_ndjson(file)


def read_ndjson(file: File) -> Iterator[Record]:
    """The lines of a file.

    Blank lines are left out. Bytes that are not UTF-8 are kept visible as `\\xNN`.
    """
    with file.open() as lines:
        for number, line in enumerate(lines, start=1):
            text = line.decode("utf-8", "backslashreplace").strip()
            if number == 1:
                text = text.removeprefix("\ufeff")
            if text:
                yield Record(file.place, number, text, {})


def read_json(file: File) -> Iterator[Record]:
    """The documents of a file, those of an array one by one, each as it is spelled there.

    One of them is in memory at a time.

    Raises:
        UnpackError: the file is not JSON to its end.
    """
    with file.open() as content:
        text = TextIOWrapper(content, "utf-8-sig", "backslashreplace")
        for number, document in enumerate(_documents(text, file.place), start=1):
            yield Record(file.place, number, document, {})


def _has_lines(file: File) -> bool:
    """Whether the first line is a document by itself."""
    with file.open() as content:
        text = TextIOWrapper(content, "utf-8-sig", "backslashreplace")
        first = text.read(1)
        if first == "[":
            return False
        try:
            json.loads(first + text.readline())
        except (ValueError, RecursionError):
            return False
        return True


def _documents(text: TextIOWrapper, place: str) -> Iterator[str]:
    buffer, size = "", CHARACTERS_AT_ONCE
    is_first, is_open = True, False
    while True:
        piece = text.read(size)
        buffer += piece
        start = _after_gap(buffer, 0)
        if is_first and buffer[start : start + 1] == "[":
            is_open, start = True, _after_gap(buffer, start + 1)
        is_first = False
        while start < len(buffer):
            if is_open and buffer[start] == "]":
                is_open, start = False, _after_gap(buffer, start + 1)
                continue
            try:
                _, end = _DECODER.raw_decode(buffer, start)
            except (ValueError, RecursionError) as error:
                if piece:
                    break  # it may go on in the next piece
                raise UnpackError(f"{place} is not valid JSON, or ends in the middle: {error}. {NOTHING}") from error
            if piece and end == len(buffer):
                break  # a number may go on
            yield buffer[start:end]
            start = _after_gap(buffer, end)
        if not piece:
            break
        buffer = buffer[start:]
        # A long document is read in few steps.
        size = max(CHARACTERS_AT_ONCE, len(buffer))
    if is_open:
        raise UnpackError(f"{place} ends in the middle of its array. {NOTHING}")


def _after_gap(text: str, start: int) -> int:
    gap = _BETWEEN.match(text, start)
    return gap.end() if gap else start
