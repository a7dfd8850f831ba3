"""CSV as records: each row a JSON object of texts. A row that cannot be read becomes a record that says why."""

from __future__ import annotations

import csv
import json
from collections import Counter, deque
from collections.abc import Collection, Iterator
from typing import Any

from parley.errors import UnpackError
from parley.unpack.naming import NamingConvention
from parley.unpack.sources import File, Record

# The context of a record that holds no document: why it does not.
PROBLEM = "problem"
# A quoted value may go over several lines. One that goes on for longer was never closed.
LINES_OF_A_ROW = 200

_NAMING = NamingConvention()


def read_csv(file: File, context: dict[str, Any], required: Collection[str]) -> Iterator[Record]:
    """The rows of a file with a header, with LF or CRLF.

    The number of a record is the line that its row begins at. Blank lines are left out. Bytes that are not UTF-8
    are kept visible as `\\xNN`.

    Args:
        context: what each record gets as its context.
        required: columns that must be there.

    Raises:
        UnpackError: the header lacks a required column, or has one twice.
    """
    place = file.place
    with file.open() as lines:
        rows = _rows(line.decode("utf-8", "backslashreplace") for line in lines)
        header: list[str] | None = None
        for number, text, row in rows:
            if header is None:
                header = _header(place, text.removeprefix("\ufeff"), required)
            elif isinstance(row, str):
                yield Record(place, number, text, {**context, PROBLEM: row})
            elif len(row) != len(header):
                reason = f"{len(row)} values where the header has {len(header)} columns"
                yield Record(place, number, text, {**context, PROBLEM: reason})
            else:
                document = json.dumps(dict(zip(header, row, strict=True)), ensure_ascii=False)
                yield Record(place, number, document, context)


def _rows(lines: Iterator[str]) -> Iterator[tuple[int, str, list[str] | str]]:
    """By row: the line it begins at, its text, and its values or why it has none."""
    number = 0
    waiting: deque[str] = deque()
    while True:
        first = waiting.popleft() if waiting else next(lines, None)
        if first is None:
            return
        number += 1
        if not first.strip():
            continue
        text, further = first, 0
        values = _values(text)
        while values is None and further < LINES_OF_A_ROW:
            if further == len(waiting):
                if (line := next(lines, None)) is None:
                    break
                waiting.append(line)
            text += waiting[further]
            further += 1
            values = _values(text)
        if values is None or (further and isinstance(values, str)):
            # The lines after it are rows of their own.
            yield number, first.rstrip("\r\n"), "a quote that is never closed"
            continue
        yield number, text.rstrip("\r\n"), values
        for _ in range(further):
            waiting.popleft()
            number += 1


def _values(text: str) -> list[str] | str | None:
    """The values of a row; None when it ends within quotes; why it is none otherwise."""
    if '"' not in text:
        return text.rstrip("\r\n").split(",")
    try:
        [row] = csv.reader([text], strict=True)
    except csv.Error as error:
        return None if "unexpected end" in str(error) else f"not valid CSV: {error}"
    return row


def _header(place: str, text: str, required: Collection[str]) -> list[str]:
    values = _values(text)
    names = (
        [_NAMING.normalize_identifier(name) if name.strip() else "" for name in values]
        if isinstance(values, list)
        else []
    )
    if missing := [name for name in required if name not in names]:
        raise UnpackError(
            f"{place} has no column {', '.join(missing)}. Its first line has to be the names of the columns, with "
            f"commas between; it is: {text[:200]}"
        )
    if twice := [name for name, count in Counter(names).items() if count > 1]:
        raise UnpackError(f"{place} has the column {', '.join(twice)} twice. Rename or remove one.")
    return names
