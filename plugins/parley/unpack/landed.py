"""What a raw schema holds already."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from itertools import compress, count
from typing import Any

from parley.unpack.contract import Contract
from parley.unpack.prepare import Identity
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
        # By sequence, the positions that are still free.
        self._next: dict[str, Iterator[int]] = {}

    def choose(self, documents: Sequence[Identity]) -> tuple[list[bool], list[int]]:
        """By document, whether it is new, and its position in its sequence; 0 for one that is not new or in none."""
        by_root: defaultdict[str, list[str]] = defaultdict(list)
        for document in documents:
            by_root[document.root].append(document.record_hash)
        waiting = set().union(*(self._new(root, hashes) for root, hashes in by_root.items()))
        new = []
        for document in documents:
            new.append(document.record_hash in waiting)
            waiting.discard(document.record_hash)  # the next one like it is a repetition
        return new, self._positions(documents, new)

    def forget(self) -> None:
        """Let go of what was said to be new, as nothing more will be asked."""
        self._given_out.clear()
        self._next.clear()

    def _new(self, table: str, hashes: Collection[str]) -> set[str]:
        """Those of the hashes that the table does not hold and that were not asked for before."""
        candidates = {value for value in hashes if bytes.fromhex(value) not in self._given_out}
        known = self._where_in(f"select _record_hash from {self._schema}.{table}", "_record_hash", table, candidates)
        new = candidates - {row[0] for row in known}
        self._given_out.update(map(bytes.fromhex, new))
        return new

    def _positions(self, documents: Sequence[Identity], new: Sequence[bool]) -> list[int]:
        if self._contract.sequences is None:
            return [0] * len(documents)
        root, column = self._contract.sequences
        placed = [is_new and document.root == root for document, is_new in zip(documents, new, strict=True)]
        sequences = [document.sequence for document in documents]
        unseen = set(compress(sequences, placed)) - self._next.keys()
        rows = self._where_in(
            f"select {column}, max(_pos) from {self._schema}.{root}",
            column,
            root,
            unseen,
            f"group by {column}",
        )
        last: dict[str, int] = dict(rows)
        for sequence in unseen:
            self._next[sequence] = count(last.get(sequence, -1) + 1)
        return [
            next(self._next[sequence]) if is_placed else 0
            for sequence, is_placed in zip(sequences, placed, strict=True)
        ]

    def _where_in(
        self, select: str, column: str, table: str, values: Collection[str], group_by: str = ""
    ) -> list[tuple[Any, ...]]:
        if not values or table not in self._tables:
            return []
        marks = ", ".join(["%s"] * len(values))
        return self._connection.query(f"{select} where {column} in ({marks}) {group_by}", sorted(values))
