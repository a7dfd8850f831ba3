"""What a kind of input promises to the engine: how a record is read, and which tables are always there."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from dlt.common.data_types import TDataType

from parley.unpack.sources import Record

Row = tuple[str, dict[str, Any], dict[str, Any]]
"""The table a row goes to, its content as it came, nested, and the columns that it has beside its content and that win
over it; `_record_hash` and `_root_hash` are always among these."""


class NotValidError(ValueError):
    """Why a record was set aside."""


class Document(Protocol):
    """A valid record.

    Attributes:
        record_hash: its id, from content and place: the same input gives the same id.
        root: the table that has one row for it, with its `_record_hash`.
        sequence: what it is one of, its conversation for example.
    """

    @property
    def record_hash(self) -> str: ...

    @property
    def root(self) -> str: ...

    @property
    def sequence(self) -> str: ...

    def rows(self, pos: int) -> list[Row]:
        """The rows it becomes, one of them in the table `root`.

        Args:
            pos: position in its sequence, for the column `_pos` and no other: a number below 0 stands for one that is
                not known yet.
        """
        ...


@dataclass(frozen=True)
class Contract:
    """A kind of input.

    Attributes:
        read: the records of a source, as the user names it; raises UnpackError when there is nothing there.
        parse: the document in a record; raises NotValidError with the reason when there is none.
        sequences: the table and column that hold the sequence of each document, beside its `_pos`; None when the
            documents have no order.
        tables: columns and their types by table; these exist in every load, whatever has arrived.
        text_columns: a pattern of columns that are text whatever comes first.
    """

    read: Callable[[str], Iterable[Record]]
    parse: Callable[[Record], Document]
    sequences: tuple[str, str] | None
    tables: Mapping[str, Mapping[str, TDataType]]
    text_columns: re.Pattern[str]
