"""Nested rows into flat ones: objects become columns `outer__inner`, lists become rows of child tables.

The rules are those of dlt's relational normaliser, so that dlt by itself comes to the same tables; a test compares
the two. What is different is speed: the names of an object's columns are worked out once for each set of keys.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import count
from typing import Any

from dlt.common.normalizers.json.helpers import get_nested_row_hash

from parley.unpack.naming import RECORD_HASH, SYSTEM_COLUMNS, NamingConvention

FlatRow = dict[str, Any]

# What dlt calls a column whose key is blank, the column of a list's simple items, and the key of a list in a list.
EMPTY = "_empty"
VALUE = "value"
LIST = "list"

_NAMING = NamingConvention()


class _Place:
    """A place in the documents of a table: the row itself, or an object somewhere in it.

    Attributes:
        path: the normalised keys that lead from the row to here.
        tables: the normalised names of the tables above, and of this one.
        shapes: the columns of an object's values, by its keys.
        names: the normalised key that each column comes from.
        objects, lists: the places of the objects and lists in here, by column.
    """

    __slots__ = ("lists", "names", "objects", "path", "shapes", "tables")

    def __init__(self, tables: tuple[str, ...], path: tuple[str, ...] = ()) -> None:
        self.tables = tables
        self.path = path
        self.shapes: dict[tuple[str, ...], list[str]] = {}
        self.names: dict[str, str] = {}
        self.objects: dict[str, _Place] = {}
        self.lists: dict[str, tuple[str, _Place]] = {}

    def shape(self, keys: tuple[str, ...]) -> list[str]:
        """The column of each key; keys that would share one are told apart."""
        # A row has columns of its own beside its content.
        names = distinct_names(keys, set() if self.path else SYSTEM_COLUMNS)
        columns = self.shapes[keys] = [_NAMING.shorten_fragments(*self.path, name) for name in names]
        self.names.update(zip(columns, names, strict=True))
        return columns

    def object_at(self, column: str) -> _Place:
        place = self.objects[column] = _Place(self.tables, (*self.path, self.names[column]))
        return place

    def list_at(self, column: str) -> tuple[str, _Place]:
        """The table of a list's items, and its place."""
        place = _Place((*self.tables, *self.path, self.names[column]))
        table = _NAMING.shorten_fragments(*place.tables)
        self.lists[column] = (table, place)
        return table, place


class Flattener:
    """Collects flat rows by table.

    Args:
        propagated: the columns of a top-level row that every row below it gets too, and under which name.
    """

    def __init__(self, propagated: Mapping[str, str]) -> None:
        self._propagated = propagated
        self._roots: dict[str, tuple[str, _Place]] = {}
        self.rows: dict[str, list[FlatRow]] = {}

    def add(self, table: str, content: Mapping[str, Any], own: FlatRow) -> None:
        """Flatten one row.

        Args:
            table: the table, any name.
            content: the row as it came, nested.
            own: columns that it has beside its content and that win over it, `_record_hash` among them; flat.
        """
        root = self._roots.get(table)
        if root is None:
            name = _NAMING.normalize_table_identifier(table)
            root = self._roots[table] = (name, _Place((name,)))
        name, place = root
        row, lists = _flatten(place, content) if content else ({}, [])
        row.update(own)
        self._rows_of(name).append(row)
        if lists:
            inherited = {column: row[name] for name, column in self._propagated.items() if row.get(name) is not None}
            self._add_lists(lists, own[RECORD_HASH], inherited)

    def take(self) -> dict[str, list[FlatRow]]:
        """The rows collected since the last time, by table."""
        rows, self.rows = self.rows, {}
        return rows

    def _rows_of(self, table: str) -> list[FlatRow]:
        rows = self.rows.get(table)
        if rows is None:
            rows = self.rows[table] = []
        return rows

    def _add_lists(
        self, lists: list[tuple[str, _Place, list[Any]]], parent_hash: str, inherited: Mapping[str, Any]
    ) -> None:
        # A stack, not a recursion: documents may be nested more deeply than Python's calls.
        stack = [(*found, parent_hash) for found in lists]
        while stack:
            table, place, items, parent = stack.pop()
            rows = self._rows_of(table)
            for pos, item in enumerate(items):
                kind = type(item)
                found: list[tuple[str, _Place, list[Any]]] = []
                if kind is dict:
                    row, found = _flatten(place, item)
                elif kind is list:
                    row, found = _flatten(place, {LIST: item})
                else:
                    row = {VALUE: item}
                row.update(inherited)
                row["_parent_hash"] = parent
                row["_pos"] = pos
                record_hash = row[RECORD_HASH] = get_nested_row_hash(parent, table, pos)
                rows.append(row)
                for below in found:
                    stack.append((*below, record_hash))


def _flatten(place: _Place, content: Mapping[str, Any]) -> tuple[FlatRow, list[tuple[str, _Place, list[Any]]]]:
    """The columns of an object, and the lists found in it with their tables."""
    row: FlatRow = {}
    lists: list[tuple[str, _Place, list[Any]]] = []
    stack = [(place, content)]
    while stack:
        place, content = stack.pop()
        keys = tuple(content)
        shape = place.shapes.get(keys)
        if shape is None:
            shape = place.shape(keys)
        for column, value in zip(shape, content.values(), strict=True):
            kind = type(value)
            if kind is dict:
                stack.append((place.objects.get(column) or place.object_at(column), value))
            elif kind is list:
                if value:
                    lists.append((*(place.lists.get(column) or place.list_at(column)), value))
            elif value is not None:
                row[column] = value
    return row, lists


def distinct_names(keys: tuple[str, ...], taken: set[str] | frozenset[str]) -> list[str]:
    """The normalised names of an object's keys; those that would be the same are told apart, `userId` and `user_id`.

    The key that is spelled as its name keeps it, else the first in alphabetical order; the others get `_2`, `_3`, ...
    """
    names = {key: _NAMING.normalize_identifier(key) if key and not key.isspace() else EMPTY for key in keys}
    if len(set(names.values())) == len(names) and not taken.intersection(names.values()):
        return list(names.values())
    free: set[str] = set(taken)
    wanted = set(names.values())
    for key in sorted(names, key=lambda key: (key != names[key], key)):
        if names[key] in free:
            numbered = (f"{names[key]}_{number}" for number in count(2))
            names[key] = next(name for name in numbered if name not in free | wanted)
        free.add(names[key])
    return list(names.values())
