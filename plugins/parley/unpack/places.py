"""Places in documents: which column each key of an object is, and which table the items of a list go to."""

from __future__ import annotations

from itertools import count

from parley.unpack.naming import SYSTEM_COLUMNS, NamingConvention, path_name

# What dlt calls a column whose key is blank.
EMPTY = "_empty"

_NAMING = NamingConvention()


class Place:
    """A place in the documents of a table: the row itself, or an object somewhere in it.

    Names are worked out once for each set of keys that objects have here.

    Args:
        tables: the normalised names of the tables above, and of this one.
        path: the normalised keys that lead from the row to here.

    Attributes:
        table: the name of the table.
    """

    __slots__ = ("_lists", "_names", "_objects", "_path", "_shapes", "_tables", "table")

    def __init__(self, tables: tuple[str, ...], path: tuple[str, ...] = ()) -> None:
        self.table = path_name(*tables)
        self._tables = tables
        self._path = path
        self._shapes: dict[tuple[str, ...], list[str]] = {}
        # The normalised key that each column comes from.
        self._names: dict[str, str] = {}
        self._objects: dict[str, Place] = {}
        self._lists: dict[str, Place] = {}

    @classmethod
    def of_table(cls, table: str) -> Place:
        """The place of the rows of a table, any name."""
        return cls((_NAMING.normalize_table_identifier(table),))

    def columns(self, keys: tuple[str, ...]) -> list[str]:
        """The column of each key of an object; keys that would share one are told apart."""
        if keys not in self._shapes:
            # A row has columns of its own beside its content.
            names = distinct_names(keys, set() if self._path else SYSTEM_COLUMNS)
            self._shapes[keys] = [path_name(*self._path, name) for name in names]
            self._names.update(zip(self._shapes[keys], names, strict=True))
        return self._shapes[keys]

    def object_at(self, column: str) -> Place:
        """The place of the objects in a column."""
        if column not in self._objects:
            self._objects[column] = Place(self._tables, (*self._path, self._names[column]))
        return self._objects[column]

    def list_at(self, column: str) -> Place:
        """The place of the items of the lists in a column."""
        if column not in self._lists:
            self._lists[column] = Place((*self._tables, *self._path, self._names[column]))
        return self._lists[column]


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
