"""What a raw schema holds already."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from itertools import count, repeat
from typing import Any

from parley.unpack.contract import Contract
from parley.warehouse import Connection


class Landed:
    """Answers which records are new, and at which position a sequence goes on.

    It remembers what it said was new, so that a repetition within the same input is found too.
    """

    def __init__(self, connection: Connection, schema: str, contract: Contract) -> None:
        self._connection = connection
        self._schema = schema
        self._contract = contract
        self._tables = connection.tables(schema)
        # As bytes: of a million records they are the most that is kept in memory.
        self._given_out: set[bytes] = set()
        self._positions: dict[str, Iterator[int]] = {}

    def new(self, table: str, hashes: Collection[str]) -> set[str]:
        """Those of the hashes that the table does not hold and that were not asked for before."""
        candidates = {value for value in hashes if bytes.fromhex(value) not in self._given_out}
        known = self._where_in(f"select _record_hash from {self._schema}.{table}", "_record_hash", table, candidates)
        new = candidates - {row[0] for row in known}
        self._given_out.update(map(bytes.fromhex, new))
        return new

    def positions(self, sequences: Collection[str]) -> dict[str, Iterator[int]]:
        """By sequence, a counter of the positions that are still free."""
        if self._contract.sequences is None:
            return {sequence: repeat(0) for sequence in sequences}
        root, column = self._contract.sequences
        unseen = set(sequences) - self._positions.keys()
        rows = self._where_in(
            f"select {column}, max(_pos) from {self._schema}.{root}",
            column,
            root,
            unseen,
            f"group by {column}",
        )
        last: dict[str, int] = dict(rows)
        for sequence in unseen:
            self._positions[sequence] = count(last.get(sequence, -1) + 1)
        return self._positions

    def _where_in(
        self, select: str, column: str, table: str, values: Collection[str], group_by: str = ""
    ) -> list[tuple[Any, ...]]:
        if not values or table not in self._tables:
            return []
        marks = ", ".join(["%s"] * len(values))
        return self._connection.query(f"{select} where {column} in ({marks}) {group_by}", sorted(values))
