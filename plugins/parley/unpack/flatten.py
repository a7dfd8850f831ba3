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

from dlt.common.normalizers.utils import DLT_ID_LENGTH_BYTES

from parley.unpack.contract import Row
from parley.unpack.naming import RECORD_HASH
from parley.unpack.places import Place

Columns = dict[str, list[Any]]
"""The values of each column of a table, as many as there are rows; None where a row has none."""

# What dlt calls the column of a list's simple items, and the key of a list in a list.
VALUE = "value"
LIST = "list"

_NESTED = frozenset({dict, list})
_NOTHING = frozenset({type(None)})


@dataclass(slots=True)
class _Rows:
    """The rows that come from one place.

    Attributes:
        origins: the number of each row's top-level row, and the position in each list on the way down from it. In this
            order the rows are.
    """

    place: Place
    origins: list[tuple[int, ...]]
    columns: Columns = field(default_factory=dict)

    def add_content(self, contents: Sequence[dict[str, Any]]) -> dict[Place, list[Any]]:
        """Add the columns of each row's content.

        Returns:
            the lists found in it by the place of their items, as many as there are rows; None where a row has none.
        """
        size = len(self.origins)
        lists: dict[Place, list[Any]] = {}
        stack: list[tuple[Place, Sequence[int], Sequence[dict[str, Any]]]] = [(self.place, range(size), contents)]
        while stack:
            place, numbers, objects = stack.pop()
            for keys, rows, values_of_keys in _by_keys(numbers, objects):
                for column, values in zip(place.columns(keys), values_of_keys, strict=True):
                    kinds = set(map(type, values))
                    if dict in kinds:
                        stack.append((place.object_at(column), *_only(dict, rows, values)))
                    if list in kinds:
                        _put(lists, place.list_at(column), size, *_only(list, rows, values))
                    if kinds - _NESTED - _NOTHING:
                        simple = [None if type(value) in _NESTED else value for value in values]
                        _put(self.columns, column, size, rows, simple if kinds & _NESTED else values)
        return lists

    def add_own(self, own: Sequence[dict[str, Any]]) -> None:
        """Add columns that each row has beside its content and that win over it; flat, with names that stay."""
        size = len(self.origins)
        for names, rows, values_of_names in _by_keys(range(size), own):
            for name, values in zip(names, values_of_names, strict=True):
                _put(self.columns, name, size, rows, values)


class Flattener:
    """Turns nested rows into the columns of tables, and remembers which key became which column.

    Args:
        propagated: the columns of a top-level row that every row below it gets too, and under which name.
    """

    def __init__(self, propagated: Mapping[str, str]) -> None:
        self._propagated = propagated
        self._inherited = {name: name for name in propagated.values()}
        self._places: dict[str, Place] = {}

    def flatten(self, rows: Iterable[Row]) -> dict[str, Columns]:
        """The columns of the tables that some rows and the lists in them become."""
        tables: defaultdict[str, list[tuple[int, dict[str, Any], dict[str, Any]]]] = defaultdict(list)
        for number, (table, content, own) in enumerate(rows):
            tables[table].append((number, content, own))
        parts: defaultdict[str, list[_Rows]] = defaultdict(list)
        for table, tops in tables.items():
            if table not in self._places:
                self._places[table] = Place.of_table(table)
            numbers, contents, own = zip(*tops, strict=True)
            top = _Rows(self._places[table], [(number,) for number in numbers])
            lists = top.add_content(contents)
            top.add_own(own)
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
                if rows.origins:
                    yield rows
                    stack.append((rows, self._inherited, below))


def _of_lists(
    above: _Rows, inherited: Mapping[str, str], place: Place, lists: Sequence[list[Any] | None]
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
    rows = _Rows(place, [(*above.origins[parent], pos) for parent, pos in zip(parents, positions, strict=True)])
    below = rows.add_content(
        [item if type(item) is dict else {LIST if type(item) is list else VALUE: item} for item in items]
    )
    for name, column in inherited.items():
        if values := above.columns.get(name):
            rows.columns[column] = [values[parent] for parent in parents]
    hashes = above.columns[RECORD_HASH]
    parent_hashes = [hashes[parent] for parent in parents]
    rows.columns["_parent_hash"] = parent_hashes
    rows.columns["_pos"] = positions
    rows.columns[RECORD_HASH] = _hashes(parent_hashes, place.table, positions)
    return rows, below


def _hashes(parent_hashes: Sequence[str], table: str, positions: Sequence[int]) -> list[str]:
    """The ids of rows of a list: what dlt's `get_nested_row_hash` gives one by one."""
    digests = [
        shake_128(f"{parent}_{table}_{pos}".encode()).digest(DLT_ID_LENGTH_BYTES)
        for parent, pos in zip(parent_hashes, positions, strict=True)
    ]
    return [b2a_base64(digest, newline=False).decode().rstrip("=") for digest in digests]


def _by_keys(
    numbers: Sequence[int], objects: Sequence[dict[str, Any]]
) -> Iterator[tuple[tuple[str, ...], Sequence[int], list[list[Any]]]]:
    """The objects by their keys: the keys, the numbers of the objects that have them, and the values of each key."""
    alike: defaultdict[tuple[str, ...], tuple[list[int], list[dict[str, Any]]]] = defaultdict(lambda: ([], []))
    for number, item in zip(numbers, objects, strict=True):
        same_numbers, same_keys = alike[tuple(item)]
        same_numbers.append(number)
        same_keys.append(item)
    for keys, (same_numbers, same_keys) in alike.items():
        # The values are read object by object, as they are in memory, and then dealt out: quicker than key by key.
        values = list(chain.from_iterable(map(dict.values, same_keys)))
        yield keys, same_numbers, [values[key :: len(keys)] for key in range(len(keys))]


def _only(kind: type, rows: Sequence[int], values: list[Any]) -> tuple[list[int], list[Any]]:
    """The values of one type, and their rows."""
    chosen = [index for index, value in enumerate(values) if type(value) is kind]
    return [rows[index] for index in chosen], [values[index] for index in chosen]


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
    origins = list(chain.from_iterable(part.origins for part in parts))
    order = sorted(range(len(origins)), key=origins.__getitem__)
    columns = {}
    for name in dict.fromkeys(chain.from_iterable(part.columns for part in parts)):
        values = [value for part in parts for value in part.columns.get(name) or repeat(None, len(part.origins))]
        columns[name] = [values[number] for number in order]
    return columns
