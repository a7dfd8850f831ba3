"""Columns made of the values of another one: what a document has, all of its rows in several tables have."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import pyarrow as pa


class Shared:
    """Values of which several columns are made, so that each is looked at, and converted, once."""

    def __init__(self, values: Sequence[Any]) -> None:
        self.values = values
        self._arrays: dict[pa.DataType, pa.Array] = {}

    @cached_property
    def kinds(self) -> set[type]:
        """The types of the values, None aside."""
        return set(map(type, self.values)) - {type(None)}

    def array(self, kind: pa.DataType) -> pa.Array:
        """The values as an Arrow array."""
        if kind not in self._arrays:
            self._arrays[kind] = pa.array(self.values, kind)
        return self._arrays[kind]


@dataclass(frozen=True, slots=True)
class Picked:
    """A column.

    Attributes:
        shared: what its values are taken from.
        numbers: for each row, which of them; an array of integers.
    """

    shared: Shared
    numbers: pa.Array

    def values(self) -> list[Any]:
        """The value of each row."""
        values = self.shared.values
        return [values[number] for number in self.numbers.to_pylist()]

    def array(self, kind: pa.DataType) -> pa.Array:
        """The value of each row, as an Arrow array."""
        return self.shared.array(kind).take(self.numbers)
