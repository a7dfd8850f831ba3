"""Nested rows into columns: objects become columns `outer__inner`, lists become rows of child tables.

The rules are those of dlt's relational normaliser, so that dlt by itself comes to the same tables; a test compares
the two. What is different is speed: the objects that some thousand rows have at one place are turned into columns
together, and Python then looks at columns, not at values.
"""

from __future__ import annotations

from binascii import b2a_base64
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import shake_128
from itertools import chain, repeat
from typing import Any

import pyarrow as pa
from dlt.common.normalizers.utils import DLT_ID_LENGTH_BYTES

from parley.unpack.column import NOTHING, Column, Own, Picked
from parley.unpack.contract import Row
from parley.unpack.naming import PARENT_HASH, POS, RECORD_HASH
from parley.unpack.places import Place

Columns = dict[str, Column]
"""The columns of a table."""

# What dlt calls the column of a list's simple items, and the key of a list in a list.
VALUE = "value"
LIST = "list"

_Same = tuple[tuple[str, ...], Sequence[int], Sequence[list[Any]]]
"""Objects that have the same keys: these, the numbers of the objects, and the values of each key."""

_Names = Sequence[tuple[str, str]]
"""Columns that rows have from the row above: their names there and here."""
_PARENT = (RECORD_HASH, PARENT_HASH)

_NESTED = frozenset({dict, list})

# dlt's ids of rows are base64 of so many bytes, without the marks at the end. In characters:
_ENCODED = -(-DLT_ID_LENGTH_BYTES * 8 // 6)
_FILL = bytes(-DLT_ID_LENGTH_BYTES % 3)
_ENCODED_AND_FILL = (DLT_ID_LENGTH_BYTES + len(_FILL)) * 8 // 6


@dataclass(slots=True)
class _Rows:
    """The rows that come from one place.

    Attributes:
        positions: the number of each top-level row, or the position of each item in its list.
        columns: those that a row has beside its content, and then those of its content.
        above: the rows that have the lists, and which of them has each item; None for top-level rows.
    """

    place: Place
    positions: Sequence[int]
    columns: Columns
    above: tuple[_Rows, Sequence[int]] | None = None

    def add(self, content: Iterable[_Same]) -> dict[Place, list[Any]]:
        """Add the columns of the content of the rows but those that they have beside it.

        Returns:
            the lists found in it by the place of their items, as many as there are rows; None where a row has none.
        """
        size = len(self.positions)
        columns: dict[str, list[Any]] = {}
        kinds_of: defaultdict[str, set[type]] = defaultdict(set)
        lists: dict[Place, list[Any]] = {}
        stack = [(self.place, content)]
        while stack:
            place, objects = stack.pop()
            for keys, rows, values_of_keys in objects:
                for column, values in zip(place.columns(keys), values_of_keys, strict=True):
                    kinds = set(map(type, values))
                    if dict in kinds:
                        stack.append((place.object_at(column), _by_keys(*_only({dict}, kinds, rows, values))))
                    if list in kinds:
                        _put(lists, place.list_at(column), size, *_only({list}, kinds, rows, values))
                    if (simple := kinds - _NESTED - NOTHING) and column not in self.columns:
                        _put(columns, column, size, rows, _simple(values) if kinds & _NESTED else values)
                        kinds_of[column] |= simple
        self.columns.update((name, Own(values, kinds_of[name])) for name, values in columns.items())
        return lists

    def origins(self) -> list[tuple[int, ...]]:
        """The number of each row's top-level row, and the position in each list on the way down from it. In this order
        the rows are."""
        if self.above is None:
            return [(number,) for number in self.positions]
        rows, parents = self.above
        origins = rows.origins()
        return [(*origins[parent], pos) for parent, pos in zip(parents, self.positions, strict=True)]


@dataclass(slots=True)
class _Alike:
    """Documents that have the same columns beside the contents of their rows.

    Attributes:
        own: these columns, of each document.
        rows: by table; the number of each, its content, and the number of its document here.
    """

    own: list[dict[str, Any]] = field(default_factory=list)
    rows: defaultdict[str, list[tuple[int, dict[str, Any], int]]] = field(default_factory=lambda: defaultdict(list))

    def tops(self, places: Mapping[str, Place]) -> Iterator[tuple[_Rows, dict[Place, list[Any]]]]:
        """The rows of each table, and the lists found in them."""
        names = tuple(self.own[0])
        shared = {name: Own(values) for name, values in zip(names, _dealt(names, self.own), strict=True)}
        for table, rows in self.rows.items():
            numbers, contents, documents = zip(*rows, strict=True)
            owners = pa.array(documents, pa.int32())
            top = _Rows(places[table], numbers, {name: Picked(values, owners) for name, values in shared.items()})
            yield top, top.add(_by_keys(range(len(contents)), contents))


class Flattener:
    """Turns nested rows into the columns of tables, and remembers which key became which column.

    Args:
        propagated: the columns of a top-level row that every row below it gets too, and under which name.
    """

    def __init__(self, propagated: Mapping[str, str]) -> None:
        self._propagated = [*propagated.items(), _PARENT]
        self._inherited = [*((name, name) for name in propagated.values()), _PARENT]
        self._places = _Places()

    def flatten(self, rows: Iterable[Row]) -> dict[str, Columns]:
        """The columns of the tables that some rows and the lists in them become."""
        by_names: defaultdict[tuple[str, ...], _Alike] = defaultdict(_Alike)
        last: dict[str, Any] | None = None
        for number, (table, content, own) in enumerate(rows):
            if own is not last:  # the rows of a document share it
                alike, last = by_names[tuple(own)], own
                document, rows_of = len(alike.own), alike.rows
                alike.own.append(own)
            rows_of[table].append((number, content, document))
        parts: defaultdict[str, list[_Rows]] = defaultdict(list)
        for alike in by_names.values():
            for top, lists in alike.tops(self._places):
                parts[top.place.table].append(top)
                for below in self._below(top, lists):
                    parts[below.place.table].append(below)
        return {table: _merged(found) for table, found in parts.items()}

    def _below(self, top: _Rows, lists: dict[Place, list[Any]]) -> Iterator[_Rows]:
        """The rows of the lists found in top-level rows, and of the lists in these."""
        # No recursion: documents may be nested more deeply than Python calls.
        stack = [(top, self._propagated, lists)]
        while stack:
            above, inherited, lists = stack.pop()
            for place, by_row in lists.items():
                rows, below = _of_lists(above, inherited, place, by_row)
                if rows.positions:
                    yield rows
                    stack.append((rows, self._inherited, below))


class _Places(dict[str, Place]):
    """The place of the rows of each table."""

    def __missing__(self, table: str) -> Place:
        self[table] = Place.of_table(table)
        return self[table]


def _of_lists(
    above: _Rows, inherited: _Names, place: Place, lists: Sequence[list[Any] | None]
) -> tuple[_Rows, dict[Place, list[Any]]]:
    """The rows that the items of lists become, and the lists found in them.

    Args:
        above: the rows that have the lists, one or None each.
        inherited: the columns that rows have from the row above, and their names there.
    """
    parents: list[int] = []
    positions: list[int] = []
    items: list[Any] = []
    for number, found in enumerate(lists):
        if found:
            parents += repeat(number, len(found))
            positions += range(len(found))
            items += found
    numbers = pa.array(parents, pa.int32())
    hashes = _hashes(above.columns[RECORD_HASH].values(), parents, place.table, positions)
    own: Columns = {RECORD_HASH: Own(hashes, {str}), POS: Own(positions, {int})}
    own.update(_inherited(above, numbers, inherited))
    rows = _Rows(place, positions, own, (above, parents))
    return rows, rows.add(_of_items(items))


def _inherited(above: _Rows, parents: pa.Array, names: _Names) -> Columns:
    """The columns that rows have from those above them."""
    taken: dict[int, pa.Array] = {}
    columns: Columns = {}
    for name, column in names:
        values = above.columns.get(name)
        if isinstance(values, Picked):
            # Columns of the same rows above share their numbers.
            known = id(values.numbers)
            if known not in taken:
                taken[known] = values.numbers.take(parents)
            columns[column] = Picked(values.column, taken[known])
        elif values is not None:
            columns[column] = Picked(values, parents)
    return columns


def _picked(values: Sequence[Any], numbers: Sequence[int]) -> list[Any]:
    return [values[number] for number in numbers]


def _hashes(hashes: Sequence[str], parents: Sequence[int], table: str, positions: Sequence[int]) -> list[str]:
    """The ids of rows of lists: what dlt's `get_nested_row_hash` gives one by one.

    Args:
        hashes: the ids of the rows that have the lists.
        parents: which of these has the list of each.
    """
    digests = [
        shake_128(f"{hashes[parent]}_{table}_{pos}".encode()).digest(DLT_ID_LENGTH_BYTES)
        for parent, pos in zip(parents, positions, strict=True)
    ]
    # All are encoded at once, each filled up to whole groups of three bytes; one by one would cost as much as hashing.
    text = b2a_base64(b"".join(digest + _FILL for digest in digests), newline=False).decode()
    return [text[start : start + _ENCODED] for start in range(0, len(text), _ENCODED_AND_FILL)]


def _of_items(items: list[Any]) -> Iterator[_Same]:
    """The items of lists by their keys; one that is no object has the key that dlt gives it."""
    numbers, kinds = range(len(items)), set(map(type, items))
    if dict in kinds:
        yield from _by_keys(*_only({dict}, kinds, numbers, items))
    if list in kinds:
        rows, values = _only({list}, kinds, numbers, items)
        yield (LIST,), rows, [values]
    if simple := kinds - _NESTED:
        rows, values = _only(simple, kinds, numbers, items)
        yield (VALUE,), rows, [values]


def _by_keys(numbers: Sequence[int], objects: Sequence[dict[str, Any]]) -> Iterator[_Same]:
    """The objects by their keys."""
    shapes = list(map(tuple, objects))
    if len(set(shapes)) == 1:
        yield shapes[0], numbers, _dealt(shapes[0], objects)
        return
    alike: defaultdict[tuple[str, ...], tuple[list[int], list[dict[str, Any]]]] = defaultdict(lambda: ([], []))
    for keys, number, item in zip(shapes, numbers, objects, strict=True):
        same_numbers, same_keys = alike[keys]
        same_numbers.append(number)
        same_keys.append(item)
    for keys, (same_numbers, same_keys) in alike.items():
        yield keys, same_numbers, _dealt(keys, same_keys)


def _dealt(keys: Sequence[str], objects: Sequence[dict[str, Any]]) -> list[list[Any]]:
    """The values of each key of objects that all have these keys, in this order."""
    # The values are read object by object, as they are in memory, and then dealt out: quicker than key by key.
    values = list(chain.from_iterable(map(dict.values, objects)))
    return [values[key :: len(keys)] for key in range(len(keys))]


def _only(
    wanted: set[type], kinds: set[type], rows: Sequence[int], values: list[Any]
) -> tuple[Sequence[int], list[Any]]:
    """The values of some types out of those of several, and their rows."""
    if kinds <= wanted:
        return rows, values
    chosen = [index for index, value in enumerate(values) if type(value) in wanted]
    return _picked(rows, chosen), _picked(values, chosen)


def _simple(values: list[Any]) -> list[Any]:
    """The values, without those that are objects or lists."""
    return [None if type(value) in _NESTED else value for value in values]


def _put(columns: dict[Any, list[Any]], name: Any, size: int, rows: Sequence[int], values: list[Any]) -> None:
    """Set the values that a column has in some of its rows."""
    if len(rows) == size:
        columns[name] = values
        return
    column = columns.setdefault(name, [None] * size)
    for row, value in zip(rows, values, strict=True):
        column[row] = value


def _merged(parts: Sequence[_Rows]) -> Columns:
    """The columns of a table whose rows come from several places, in the order of the documents: the first value of a
    column decides its type."""
    if len(parts) == 1:
        return parts[0].columns
    origins = list(chain.from_iterable(part.origins() for part in parts))
    order = sorted(range(len(origins)), key=origins.__getitem__)
    columns: Columns = {}
    for name in dict.fromkeys(chain.from_iterable(part.columns for part in parts)):
        values = [
            value
            for part in parts
            for value in (part.columns[name].values() if name in part.columns else repeat(None, len(part.positions)))
        ]
        columns[name] = Own(_picked(values, order))
    return columns
