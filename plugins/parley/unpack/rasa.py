"""Rasa tracker events: what a valid one is, and the rows it becomes.

Every event is a row of `event` and, with the same `_record_hash` and all of its content, of `event_<type>`.
The form of the events is Rasa's: https://rasa.com/docs/rasa/event-brokers
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, ClassVar

from dlt.common.data_types import TDataType

from parley.unpack.contract import Contract, NotValidError, Row
from parley.unpack.sources import Record, read_rasa
from parley.unpack.values import canonical, digest, parse, storable

TYPE = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
# An epoch in seconds beyond this is the year 5138: it is in milliseconds.
MILLISECONDS_FROM = 1e11
LATEST = datetime(9999, 1, 1, tzinfo=UTC).timestamp()

# What every event has beside its content.
COMMON: dict[str, TDataType] = {
    "event": "text",
    "timestamp": "timestamp",
    "sender_id": "text",
    "model_id": "text",
    "environment": "text",
    "_root_hash": "text",
    "_pos": "bigint",
}
# What the semantic schema reads, so that these tables and columns exist and have these types, whatever a bot has
# said so far. All else is typed by what arrives.
TABLES: dict[str, dict[str, TDataType]] = {
    "event": {},
    "event_user": {
        "text": "text",
        "input_channel": "text",
        "message_id": "text",
        "parse_data__intent__name": "text",
        "parse_data__intent__confidence": "double",
    },
    "event_bot": {"text": "text", "metadata__utter_action": "text"},
    "event_slot": {"name": "text", "value": "text", "value_type": "text"},
    "event_action": {"name": "text", "confidence": "double", "policy": "text", "action_text": "text"},
    "event_active_loop": {"name": "text"},
    "event_session_started": {},
}
# Ids are names, not numbers: one bot's user ids are 17, "17" and "u-17".
TEXT_COLUMNS = re.compile("(^|_)id$")

# How the type of a value is told that may be any: a slot's in `event_slot.value_type`, for example.
JSON_TYPES = {str: "string", bool: "boolean", int: "number", float: "number", dict: "object", list: "array"}


@dataclass(slots=True)
class Event:
    """A valid event.

    Attributes:
        root: the table with a row for each event.
        record_hash: id of the event, from its sender and content: the same event again has the same.
        sequence: its conversation, Rasa's sender id.
        content: the event as Rasa wrote it, with every value storable.
    """

    root: ClassVar[str] = "event"

    record_hash: str
    sequence: str
    type: str
    timestamp: datetime
    content: dict[str, Any]

    @classmethod
    def from_record(cls, record: Record) -> Event:
        """The event in a record.

        Raises:
            NotValidError: it holds none, with the reason.
        """
        try:
            document = parse(record.text)
        except ValueError as error:
            raise NotValidError(f"not valid JSON: {error}") from error
        if type(document) is not dict:
            raise NotValidError(f"not a JSON object but {JSON_TYPES.get(type(document), 'null')}")
        # What the source knows has not been parsed here: it may have what cannot be stored.
        content = {**storable(record.context), **document} if record.context else document
        sender_id = content.get("sender_id")
        if type(sender_id) not in (str, int) or sender_id == "":
            raise NotValidError("no sender_id")
        kind = content.get("event")
        if not isinstance(kind, str) or not TYPE.fullmatch(kind):
            raise NotValidError("no event type")
        timestamp = _timestamp(content.get("timestamp"))
        return cls(digest(canonical(content)), str(sender_id), kind, timestamp, content)

    def rows(self, pos: int) -> list[Row]:
        """The table and row of the event in `event`, and in the table of its type.

        Args:
            pos: position in the conversation, from 0.
        """
        content = self.content
        metadata = content.get("metadata")
        beside = metadata if isinstance(metadata, dict) else {}
        own = {
            "_record_hash": self.record_hash,
            "_root_hash": self.record_hash,
            "_pos": pos,
            "event": self.type,
            "timestamp": self.timestamp,
            "sender_id": self.sequence,
            "model_id": _flat(content.get("model_id", beside.get("model_id"))),
            "environment": _flat(content.get("environment", beside.get("environment"))),
        }
        if self.type == "slot":
            content = with_type(content, "value")
        return [("event", {}, own), (f"event_{self.type}", content, own)]


def _flat(value: Any) -> Any:
    """A value, or the JSON text of one that is an object or a list: what is beside the content is not flattened."""
    return canonical(value).decode() if type(value) in (dict, list) else value


def _timestamp(value: Any) -> datetime:
    """Epoch seconds, or milliseconds, as a time in UTC with microseconds."""
    if type(value) not in (int, float):
        raise NotValidError("no timestamp")
    seconds = value / 1000 if value >= MILLISECONDS_FROM else value
    if not 0 < seconds < LATEST:
        raise NotValidError(f"timestamp {value} is not a time since 1970")
    return datetime.fromtimestamp(seconds, UTC)


def with_type(content: dict[str, Any], key: str) -> dict[str, Any]:
    """The content, whose value at a key is any JSON: a simple one becomes text, always in the same column, and its type
    is kept in `<key>_type`."""
    value = content.get(key)
    kind = JSON_TYPES.get(type(value))
    if kind in ("boolean", "number"):
        value = json.dumps(value)
    return {**content, key: value, f"{key}_type": kind}


RASA = Contract(
    read=read_rasa,
    parse=Event.from_record,
    sequences=("event", "sender_id"),
    tables={table: {**COMMON, **columns} for table, columns in TABLES.items()},
    text_columns=TEXT_COLUMNS,
)
