"""Support-desk exports: conversation events, and the lists of users, agents and tags.

An event is a row of `conversation_events`, in the form that desks export: event_timestamp, conversation_id, user_id,
agent_id, event, event_value. Any event and any tag is welcome whose name is a lower-case identifier. A list is a full
export that changes over time: see `exports`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from dlt.common.data_types import TDataType

from parley.unpack.contract import Document, NotValidError, Row
from parley.unpack.csv_source import PROBLEM
from parley.unpack.sources import Record
from parley.unpack.values import digest, parse

EVENTS = "conversation_events"
READ_EXPORTS = "read_exports"
# The lists by their table: what names a row of each.
KEYS = {"users": "user_id", "agents": "agent_id", "tags": "tag"}

TABLES: dict[str, dict[str, TDataType]] = {
    EVENTS: {
        "event_timestamp": "text",
        "timestamp": "timestamp",
        "conversation_id": "text",
        "user_id": "text",
        "agent_id": "text",
        "event": "text",
        "event_value": "text",
        "_root_hash": "text",
        "_pos": "bigint",
    },
    "users": {
        "user_id": "text",
        "shop_user_id": "text",
        "first_name": "text",
        "last_name": "text",
        "email": "text",
        "country": "text",
        "created_at": "text",
        "version": "bigint",
        "_root_hash": "text",
    },
    "agents": {
        "agent_id": "text",
        "first_name": "text",
        "last_name": "text",
        "email": "text",
        "team": "text",
        "supervisor_id": "text",
        "hired_on": "text",
        "version": "bigint",
        "_root_hash": "text",
    },
    "tags": {"tag": "text", "description": "text", "version": "bigint", "_root_hash": "text"},
    # Which lists have been read, in order.
    READ_EXPORTS: {
        "list": "text",
        "place": "text",
        "content_hash": "text",
        "number": "bigint",
        "_root_hash": "text",
    },
}
# Columns of the lists that are dates, kept as 2024-01-31.
DATES = {"users": ("created_at",), "agents": ("hired_on",), "tags": ()}
# Names of events and of columns; a status or a tag is free text.
IDENTIFIER = re.compile(r"[a-z][a-z0-9_]{0,99}")
STATUSES = ("open", "waiting for customer", "closed")
# Events that are about their value.
VALUED = ("status_changed_to", "agent_assigned", "tag_assigned")
ID = re.compile(r"\S{1,255}")
# 5.63E+13, 558.0: an id that went through a spreadsheet or a floating-point column may have lost digits.
ROUNDED = re.compile(r"[+-]?\d+(\.\d+([eE][+-]?\d+)?|[eE][+-]?\d+)")
TIME = re.compile(r"(\d{4}-\d\d-\d\d)[T ](\d{1,2}):(\d\d):(\d\d)(\.\d{1,6})?\d*\s*(Z|UTC|[+-]\d\d:?\d\d)?")
DAY = re.compile(r"\d{4}-\d\d-\d\d")
YEARS = range(1970, 2101)


@dataclass(frozen=True)
class ConversationEvent:
    """A valid event.

    Attributes:
        record_hash: its id, from its content: the same event has the same, from CSV or JSON, whenever it is read.
        sequence: its conversation.
        content: its columns.
    """

    record_hash: str
    sequence: str
    content: dict[str, Any]

    @property
    def root(self) -> str:
        return EVENTS

    @classmethod
    def from_content(cls, content: dict[str, Any]) -> ConversationEvent:
        """The event in a document.

        Raises:
            NotValidError: it is none, with the reason.
        """
        timestamp = _time("event_timestamp", content.get("event_timestamp"))
        conversation_id = _id("conversation_id", content.get("conversation_id"))
        if conversation_id is None:
            raise NotValidError("no conversation_id")
        event = _text(content.get("event"))
        if event is None or not IDENTIFIER.fullmatch(event):
            raise NotValidError(f"event '{event}' is not a lower-case name" if event else "no event")
        columns = {
            **{name: _text(value) for name, value in content.items()},
            "timestamp": timestamp,
            "conversation_id": conversation_id,
            "user_id": _id("user_id", content.get("user_id")),
            "agent_id": _id("agent_id", content.get("agent_id")),
            "event": event,
            "event_value": _event_value(event, content.get("event_value")),
        }
        # Of the texts of the time only one is in the id: 1:18:45 is 01:18:45.
        identity = {**columns, "timestamp": timestamp.isoformat(), "event_timestamp": None}
        return cls(_hash(EVENTS, identity), conversation_id, columns)

    def rows(self, pos: int) -> list[Row]:
        """Its row. See `Document`."""
        return [_row(self, {**self.content, "_pos": pos})]


@dataclass(frozen=True)
class ListRow:
    """A version of a row of a list, or the note that a list has been read.

    Attributes:
        record_hash: from its table, version and content.
        key: what it is a version of.
    """

    record_hash: str
    root: str
    key: str
    content: dict[str, Any]

    @property
    def sequence(self) -> str:
        return f"{self.root} {self.key}"  # an id has no space: never the name of a conversation

    @classmethod
    def from_content(cls, table: str, content: dict[str, Any], version: int) -> ListRow:
        """The row in a document.

        Raises:
            NotValidError: it is none, with the reason.
        """
        key = KEYS[table]
        # A tag may have spaces, and is the same in any case.
        name = (_text(content.get(key)) or "").lower() if table == "tags" else _id(key, content.get(key))
        if not name:
            raise NotValidError(f"no {key}")
        columns: dict[str, Any] = {column: _text(value) for column, value in content.items()}
        dates = {column: _day(column, columns.get(column)) for column in DATES[table]}
        columns = {**columns, **dates, key: name, "version": version}
        return cls(_hash(table, columns), table, name, columns)

    @classmethod
    def note(cls, content: dict[str, Any]) -> ListRow:
        """The note that a list has been read."""
        return cls(_hash(READ_EXPORTS, content), READ_EXPORTS, str(content["number"]), content)

    def rows(self, pos: int) -> list[Row]:
        """Its row. See `Document`."""
        return [_row(self, self.content)]


def from_record(record: Record) -> Document:
    """The document in a record; its context says of which `table`, and of a row of a list which `version`.

    Raises:
        NotValidError: it holds none, with the reason.
    """
    if problem := record.context.get(PROBLEM):
        raise NotValidError(problem)
    try:
        document = parse(record.text)
    except ValueError as error:
        raise NotValidError(f"not valid JSON: {error}") from error
    if not isinstance(document, dict):
        raise NotValidError("not a JSON object")
    table = record.context["table"]
    if table == EVENTS:
        return ConversationEvent.from_content(document)
    if table == READ_EXPORTS:
        return ListRow.note(document)
    return ListRow.from_content(table, document, record.context["version"])


def _row(document: Document, columns: Mapping[str, Any]) -> Row:
    """The columns that are known win over others that would have the same name."""
    known = TABLES[document.root].keys()
    ids = {"_record_hash": document.record_hash, "_root_hash": document.record_hash}
    others = {name: value for name, value in columns.items() if name not in known}
    return document.root, others, {**{name: columns[name] for name in known & columns.keys()}, **ids}


def _text(value: Any) -> str | None:
    """Any JSON value as the text that CSV would have; null for nothing."""
    if value is None:
        return None
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text.strip() or None


def _id(column: str, value: Any) -> str | None:
    text = _text(value)
    if text is None:
        return None
    if isinstance(value, float) or ROUNDED.fullmatch(text):
        raise NotValidError(f"{column} {text} is a number that may have been rounded")
    if isinstance(value, bool | list | dict) or not ID.fullmatch(text):
        raise NotValidError(f"{column} '{text[:100]}' is not an id")
    return text


def _event_value(event: str, value: Any) -> str | None:
    text = _id("event_value", value) if event == "agent_assigned" else _text(value)
    if text is None and event in VALUED:
        raise NotValidError(f"{event} without event_value")
    if event == "status_changed_to" and str(text).lower() not in STATUSES:
        raise NotValidError(f"status '{text}' is none of {', '.join(STATUSES)}")
    return text


def _time(column: str, value: Any) -> datetime:
    """A time in UTC; one that names no zone is taken to be."""
    text = _text(value)
    if text is None:
        raise NotValidError(f"no {column}")
    found = TIME.fullmatch(text)
    if not found:
        raise NotValidError(f"{column} '{text[:100]}' is not a time such as 2024-01-31 9:05:00")
    day, hour, minute, second, fraction, zone = found.groups()
    zone = "+00:00" if zone in (None, "Z", "UTC") else zone
    try:
        time = datetime.fromisoformat(f"{day}T{hour:0>2}:{minute}:{second}{fraction or ''}{zone}").astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise NotValidError(f"{column} '{text[:100]}' is no time: {error}") from error
    if time.year not in YEARS:
        raise NotValidError(f"{column} '{text[:100]}' is not between {YEARS[0]} and {YEARS[-1]}")
    return time


def _day(column: str, text: str | None) -> str | None:
    if text is None:
        return None
    return _time(column, f"{text} 00:00:00" if DAY.fullmatch(text) else text).date().isoformat()


def _hash(table: str, columns: Mapping[str, Any]) -> str:
    """An empty column does not count: a new one that is empty changes no id."""
    known = {name: value for name, value in columns.items() if value is not None}
    text = json.dumps([table, known], sort_keys=True, separators=(",", ":"), default=str)
    return digest(text.encode())
