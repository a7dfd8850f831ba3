"""The Arrow tables of a load, kept until there is enough of a raw table to be written."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import pyarrow as pa

from parley.unpack.columns import Types, arrow_schema

# What all that is kept may grow to before the largest tables are given out.
BYTES_AT_ONCE = 16_000_000


@dataclass(slots=True)
class Widths:
    """The bytes of all values of a column, and of one where they are widest: the mean of a piece."""

    total: int = 0
    of_one: float = 0

    def add(self, size: int, rows: int) -> None:
        self.total += size
        self.of_one = max(self.of_one, size / rows)

    def of(self, rows: int) -> int:
        return min(self.total, round(self.of_one * rows))


class Pieces:
    """Parts of raw tables, which come in as they are prepared, and go out joined.

    Each piece that is handed to dlt costs some milliseconds, whatever is in it: small tables wait.

    Args:
        types: of the columns of all tables; it may grow meanwhile.
    """

    def __init__(self, types: Mapping[str, Types]) -> None:
        self._types = types
        self._parts: defaultdict[str, list[pa.Table]] = defaultdict(list)
        self._sizes: defaultdict[str, int] = defaultdict(int)
        self._widths: defaultdict[str, defaultdict[str, Widths]] = defaultdict(lambda: defaultdict(Widths))

    def add(self, tables: Mapping[str, pa.Table]) -> None:
        """Keep some rows of each table."""
        for name, table in tables.items():
            self._parts[name].append(table)
            self._sizes[name] += table.nbytes

    def largest(self) -> Iterator[tuple[str, pa.Table]]:
        """Take out the largest tables when all together have become too large."""
        size = sum(self._sizes.values())
        if size > BYTES_AT_ONCE:
            for table in sorted(self._sizes, key=self._sizes.__getitem__, reverse=True):
                if size <= BYTES_AT_ONCE / 2:
                    break
                size -= self._sizes[table]
                yield table, self._joined(table)

    def rest(self, always: Iterable[str]) -> Iterator[tuple[str, pa.Table]]:
        """Take out what is left, and some tables even if nothing is."""
        for table in dict.fromkeys([*self._parts, *always]):
            yield table, self._joined(table)

    def widest(self, tables: int, rows: int) -> int:
        """The bytes that so many rows have in a column at most, in so many tables at the same time."""
        widest = [max(width.of(rows) for width in columns.values()) for columns in self._widths.values()]
        return sum(sorted(widest)[-tables:])

    def _joined(self, table: str) -> pa.Table:
        """All parts as one table, which has every column that is known by now."""
        self._sizes.pop(table, None)
        everything = arrow_schema(self._types[table]).empty_table()
        joined = pa.concat_tables([everything, *self._parts.pop(table, ())], promote_options="default")
        if joined.num_rows:
            for name, column in zip(joined.column_names, joined.columns, strict=True):
                self._widths[table][name].add(column.nbytes, joined.num_rows)
        return joined
