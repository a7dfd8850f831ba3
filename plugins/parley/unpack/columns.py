"""Columns into Arrow tables: each column has one type, and a value that does not fit it goes to a variant column.

The type of a column is that of its first value, and a value of another type is converted if it can be, by dlt's own
rules. What is different is speed: where all values of a column have the column's type, none is looked at by itself.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import pyarrow as pa
from dlt.common.data_types import TDataType, coerce_value, py_type_to_sc_type

from parley.unpack.column import Column
from parley.unpack.flatten import Columns
from parley.unpack.naming import path_name
from parley.unpack.values import BIGINT

Types = dict[str, TDataType]
"""The types of a table's columns."""


def add_types(types: dict[str, Types], new: Mapping[str, Types]) -> None:
    """Add columns to those that are known, by table."""
    for table, columns in new.items():
        types.setdefault(table, {}).update(columns)


PYTHON_TYPES: Mapping[TDataType, type] = {
    "text": str,
    "bigint": int,
    "double": float,
    "bool": bool,
    "timestamp": datetime,
}
ARROW_TYPES: Mapping[TDataType, pa.DataType] = {
    "text": pa.string(),
    "bigint": pa.int64(),
    "double": pa.float64(),
    "bool": pa.bool_(),
    "timestamp": pa.timestamp("us", tz="UTC"),
}


def arrow_table(columns: Columns, types: Types, is_text: re.Pattern[str]) -> pa.Table:
    """The columns as an Arrow table.

    Args:
        types: of the table's columns; columns that are new in these rows are added.
        is_text: matches the names of columns that are text whatever comes first.
    """
    coerced: dict[str, list[Any]] = {}
    arrays: dict[str, pa.Array] = {}
    for name, column in sorted(columns.items()):
        if kind := _only_kind(column, name, types, is_text):
            array = column.array(ARROW_TYPES[kind])
            if array.null_count < len(array):
                types[name], arrays[name] = kind, array
            continue
        values = column.values()
        first = next((value for value in values if value is not None), None)
        if first is not None:
            types.setdefault(name, _first_type(name, type(first), is_text))
            _coerce(name, values, types, coerced)
    made = {name: pa.array(values, ARROW_TYPES[types[name]]) for name, values in coerced.items()}
    return pa.table({**arrays, **made})


def _first_type(name: str, kind: type, is_text: re.Pattern[str]) -> TDataType:
    """The type of a new column whose first value is of this kind."""
    return "text" if is_text.search(name) else py_type_to_sc_type(kind)


def _only_kind(column: Column, name: str, types: Types, is_text: re.Pattern[str]) -> TDataType | None:
    """The type of the column if all values it may have are of that type; else None."""
    if len(column.kinds) != 1:
        return None
    [kind] = column.kinds
    data_type = types.get(name) or _first_type(name, kind, is_text)
    return data_type if PYTHON_TYPES[data_type] is kind else None


def arrow_schema(types: Types) -> pa.Schema:
    """The schema of a table with columns of these types."""
    return pa.schema([(name, ARROW_TYPES[kind]) for name, kind in types.items()])


def _coerce(name: str, values: Sequence[Any], types: Types, columns: dict[str, list[Any]]) -> None:
    """Convert the values one by one; those that cannot be go to variants of the column."""
    fits = PYTHON_TYPES[types[name]]
    column = columns[name] = [value if type(value) is fits else None for value in values]
    for index, value in enumerate(values):
        if value is None or type(value) is fits:
            continue
        kind = py_type_to_sc_type(type(value))
        try:
            column[index] = _as(types[name], kind, value)
        except (ValueError, SyntaxError):
            variant = path_name(name, f"v_{kind}")
            types.setdefault(variant, kind)
            columns.setdefault(variant, [None] * len(values))[index] = coerce_value(types[variant], kind, value)


def _as(kind: TDataType, python_kind: TDataType, value: Any) -> Any:
    """The value converted; raises ValueError when the column cannot hold it."""
    converted = coerce_value(kind, python_kind, value)
    if kind == "bigint" and converted not in BIGINT:
        raise ValueError(value)
    # The texts nan and inf are words, not numbers.
    if kind == "double" and not math.isfinite(converted):
        raise ValueError(value)
    return converted
