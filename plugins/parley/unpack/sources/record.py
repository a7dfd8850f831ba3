"""What every source yields."""

from __future__ import annotations

from typing import Any, NamedTuple


class Record(NamedTuple):
    """One document as it came, before anybody looked into it.

    Attributes:
        place: the file, relative to the source, or the table it came from.
        number: line in the file, from 1; number of the document in a file of JSON; id in the table.
        text: the JSON document, as text.
        context: what the source knows beside the document and the document may lack (its `sender_id`).
    """

    place: str
    number: int
    text: str
    context: dict[str, Any]
