"""Flat rows into Arrow tables: each column has one type, and a value that does not fit it goes to a variant column.

The type of a column is that of its first value, and a value of another type is converted if it can be, by dlt's own
rules. What is different is speed: where all values of a column have the column's type, none is looked at by itself.
"""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import pyarrow as pa
from dlt.common.data_types import TDataType, coerce_value, py_type_to_sc_type

from parley.unpack.flatten import FlatRow
from parley.unpack.naming import NamingConvention
from parley.unpack.values import BIGINT

Types = dict[str, TDataType]
"""The types of a table's columns."""

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

_NAMING = NamingConvention()


def arrow_table(rows: Sequence[FlatRow], types: Types, is_text: re.Pattern[str]) -> pa.Table:
    """The rows as an Arrow table that has every column known so far.

    Args:
        types: of the table's columns; columns that are new in these rows are added.
        is_text: matches the names of columns that are text whatever comes first.
    """
    columns: dict[str, list[Any]] = {}
    for name, values in sorted(_by_column(rows).items()):
        kinds = set(map(type, values)) - {type(None)}
        if kinds and name not in types:
            first = next(value for value in values if value is not None)
            types[name] = "text" if is_text.search(name) else py_type_to_sc_type(type(first))
        if not kinds or kinds == {PYTHON_TYPES[types[name]]}:
            columns.setdefault(name, values)
        else:
            _coerce(name, values, types, columns)
    arrays = {
        name: pa.array(columns[name], ARROW_TYPES[kind]) if name in columns else pa.nulls(len(rows), ARROW_TYPES[kind])
        for name, kind in types.items()
    }
    return pa.table(arrays)


def _by_column(rows: Sequence[FlatRow]) -> dict[str, list[Any]]:
    """The values of each column, with None where a row has none. Rows with the same keys come to stand together, in the
    order of the first of them: then the first value of a column is the one that came first.
    """
    alike: defaultdict[tuple[str, ...], list[FlatRow]] = defaultdict(list)
    for row in rows:
        alike[tuple(row)].append(row)
    columns: dict[str, list[Any]] = {}
    so_far = 0
    for names, group in alike.items():
        for name, values in zip(names, zip(*map(dict.values, group), strict=True), strict=True):
            column = columns.setdefault(name, [])
            column += [None] * (so_far - len(column))
            column += values
        so_far += len(group)
    for column in columns.values():
        column.extend([None] * (so_far - len(column)))
    return columns


def _coerce(name: str, values: list[Any], types: Types, columns: dict[str, list[Any]]) -> None:
    """Convert the values one by one; those that cannot be go to variants of the column."""
    column = columns[name] = [None] * len(values)
    for index, value in enumerate(values):
        if value is None:
            continue
        kind = py_type_to_sc_type(type(value))
        try:
            column[index] = _as(types[name], kind, value)
        except (ValueError, SyntaxError):
            variant = _NAMING.shorten_fragments(name, f"v_{kind}")
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
