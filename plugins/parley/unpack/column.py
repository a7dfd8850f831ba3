"""The values of a column of a table: its own, or those of another one.

What a document has beside its content is in all of its rows, in several tables, and is looked at and converted once.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import pyarrow as pa

NOTHING = frozenset({type(None)})


class Own:
    """A column of values of its own.

    Args:
        kinds: what is known of the types that the values may have.

    Attributes:
        kinds: the types that the values may have, that of None aside.
    """

    def __init__(self, values: Sequence[Any], kinds: Iterable[type] | None = None) -> None:
        self._values = values
        self._kinds = kinds
        self._arrays: dict[pa.DataType, pa.Array] = {}

    @cached_property
    def kinds(self) -> frozenset[type]:
        return frozenset(self._kinds or map(type, self._values)) - NOTHING

    def values(self) -> Sequence[Any]:
        """The value of each row; None where it has none."""
        return self._values

    def array(self, kind: pa.DataType) -> pa.Array:
        """The value of each row, as an Arrow array."""
        if kind not in self._arrays:
            self._arrays[kind] = pa.array(self._values, kind)
        return self._arrays[kind]


@dataclass(frozen=True, slots=True)
class Picked:
    """A column of values of another one.

    Attributes:
        column: the other.
        numbers: for each row, which of its values; an array of integers.
        kinds: the types that the values may have, that of None aside.
    """

    column: Own
    numbers: pa.Array

    @property
    def kinds(self) -> frozenset[type]:
        return self.column.kinds

    def values(self) -> Sequence[Any]:
        """The value of each row; None where it has none."""
        values = self.column.values()
        return [values[number] for number in self.numbers.to_pylist()]

    def array(self, kind: pa.DataType) -> pa.Array:
        """The value of each row, as an Arrow array."""
        return self.column.array(kind).take(self.numbers)


Column = Own | Picked
