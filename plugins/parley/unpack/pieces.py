"""The Arrow tables of a load, kept until there is enough of a raw table to be written."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping

import pyarrow as pa

from parley.unpack.columns import Types, arrow_schema

# What all that is kept may grow to before the largest tables are given out.
BYTES_AT_ONCE = 16_000_000


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

    def _joined(self, table: str) -> pa.Table:
        """All parts as one table, which has every column that is known by now."""
        self._sizes.pop(table, None)
        everything = arrow_schema(self._types[table]).empty_table()
        return pa.concat_tables([everything, *self._parts.pop(table, ())], promote_options="default")
