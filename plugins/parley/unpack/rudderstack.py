"""RudderStack events: what a valid one is, and the rows of RudderStack's own warehouse tables that it becomes.

Tables and columns are named as RudderStack names them when it writes to a warehouse itself, so that the models read
either: https://www.rudderstack.com/docs/destinations/warehouse-destinations/warehouse-schema/
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from parley.unpack.contract import Contract, NotValidError, Row
from parley.unpack.rudderstack_names import table_name
from parley.unpack.rudderstack_tables import ROOTS, TABLES, TEXT_COLUMNS, columns
from parley.unpack.sources import DocumentFiles, Record
from parley.unpack.values import canonical, digest, parse

# A device's clock may be ahead of the server's, but the server corrects the time of the event by it.
LATEST_AFTER_RECEIPT = timedelta(days=1)
# As RudderStack: more columns are a mistake of who sends, an object keyed by ids for example.
MAX_COLUMNS = 200


@dataclass(slots=True)
class Call:
    """A valid event.

    Attributes:
        record_hash: id of the event, from its messageId: a retry that was sent at another time has the same.
        root: the table of its type, `tracks` for example.
        sequence: none; events have an order by their time alone.
        table: for a track event the table of its own, else empty.
        common: the columns that every table has.
        content: properties or traits, as columns.
    """

    record_hash: str
    root: str
    table: str
    common: dict[str, Any]
    content: dict[str, Any]

    @property
    def sequence(self) -> str:
        return ""

    @classmethod
    def from_record(cls, record: Record) -> Call:
        """The event in a record.

        Raises:
            NotValidError: it holds none, with the reason.
        """
        try:
            event = parse(record.text)
        except ValueError as error:
            raise NotValidError(f"not valid JSON: {error}") from error
        if not isinstance(event, dict):
            raise NotValidError("not a JSON object")
        if isinstance(event.get("batch"), list):
            raise NotValidError("a whole request with a batch of events: unpack its events one a line")
        _require_objects(event)
        _require_identity(event)
        root, table = _tables(event)
        times = _times(event)
        # RudderStack's server gives an id to an event that comes without one.
        event_id = str(event.get("messageId") or digest(canonical(event)))
        common = {"id": event_id, **_common(event, root, table), **times}
        content = columns(_content(event, root), taken=set(common))
        if len(common) + len(content) > MAX_COLUMNS:
            raise NotValidError(f"more than {MAX_COLUMNS} columns")
        if table == "order_completed":
            _require_order(content, event)
        return cls(digest(event_id.encode()), root, table, common, content)

    def rows(self, pos: int) -> list[Row]:
        """The row of the event in the table of its type, and for a track event in the table of its name."""
        own = {"_record_hash": self.record_hash, "_root_hash": self.record_hash}
        everything = {**self.common, **self.content}
        if not self.table:
            return [(self.root, everything, own)]
        return [(self.root, self.common, own), (self.table, everything, own)]


def _require_objects(event: dict[str, Any]) -> None:
    for key in ("context", "properties", "traits"):
        if not isinstance(event.get(key) or {}, dict):
            raise NotValidError(f"{key} is not an object")


def _require_identity(event: dict[str, Any]) -> None:
    for key in ("anonymousId", "userId", "messageId"):
        if isinstance(event.get(key), dict | list | bool):
            raise NotValidError(f"{key} is not a text")
    if event.get("anonymousId") in (None, "") and event.get("userId") in (None, ""):
        raise NotValidError("neither userId nor anonymousId")


def _tables(event: dict[str, Any]) -> tuple[str, str]:
    """The table of the event's type, and for a track event the one of its name."""
    kind = event.get("type")
    if not isinstance(kind, str) or kind not in ROOTS:
        raise NotValidError(f"type {kind!r} is none of {', '.join(ROOTS)}"[:200])
    if kind != "track":
        return ROOTS[kind], ""
    name = event.get("event")
    if not isinstance(name, str) or not name.strip():
        raise NotValidError("a track call without an event")
    return ROOTS[kind], table_name(name)


def _times(event: dict[str, Any]) -> dict[str, datetime | None]:
    """The four times in UTC; `timestamp` is when it happened, by the server's clock."""
    received_at, sent_at, original = (_time(event, key) for key in ("receivedAt", "sentAt", "originalTimestamp"))
    timestamp = _time(event, "timestamp")
    if timestamp is None and received_at and sent_at and original:
        # As the server does: how long before sending it happened, by the device's own clock.
        timestamp = received_at - (sent_at - original)
    if timestamp is None:
        raise NotValidError("no timestamp")
    if received_at and timestamp > received_at + LATEST_AFTER_RECEIPT:
        raise NotValidError("timestamp is after the event was received")
    return {
        "timestamp": timestamp,
        "original_timestamp": original,
        "sent_at": sent_at,
        "received_at": received_at or timestamp,
    }


def _time(event: dict[str, Any], key: str) -> datetime | None:
    value = event.get(key)
    if value in (None, ""):
        return None
    if not isinstance(value, str):
        raise NotValidError(f"{key} is not a time")
    try:
        time = datetime.fromisoformat(value)
        return (time if time.tzinfo else time.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise NotValidError(f"{key} is not a time") from error


def _common(event: dict[str, Any], root: str, table: str) -> dict[str, Any]:
    """The columns of every table beside the id and the times."""
    context = event.get("context") or {}
    common = columns(context, prefix="context")
    common["context_ip"] = context.get("ip") or event.get("request_ip")
    common["context_request_ip"] = event.get("request_ip")
    common["context_passed_ip"] = context.get("ip")
    for column, key in (("anonymous_id", "anonymousId"), ("user_id", "userId")):
        value = event.get(key)
        common[column] = None if value in (None, "") else str(value)
    common["channel"] = event.get("channel")
    if root == "tracks":
        # A name without a letter or digit of ASCII has no table, and is its own event.
        common["event"] = table or event["event"]
        common["event_text"] = event["event"]
    elif root in ("pages", "screens"):
        common["name"] = event.get("name") or (event.get("properties") or {}).get("name")
        common["category"] = event.get("category") or (event.get("properties") or {}).get("category")
    elif root == "aliases":
        common["previous_id"] = event.get("previousId")
    elif root == "groups":
        common["group_id"] = event.get("groupId")
    return common


def _content(event: dict[str, Any], root: str) -> dict[str, Any]:
    """What becomes columns without a prefix: traits, which the browser sends in the context, or properties."""
    if root in ("identifies", "groups"):
        in_context = (event.get("context") or {}).get("traits") if root == "identifies" else None
        return {**(in_context if isinstance(in_context, dict) else {}), **(event.get("traits") or {})}
    content = dict(event.get("properties") or {})
    if root in ("pages", "screens"):
        # Those that are the event's own name and category.
        for key in ("name", "category"):
            if content.get(key) == (event.get(key) or content.get(key)):
                content.pop(key, None)
    return content


def _require_order(content: dict[str, Any], event: dict[str, Any]) -> None:
    """An order is money: without these it would be counted wrong."""
    if content.get("order_id") is None:
        raise NotValidError("an order without an order_id")
    if not isinstance((event.get("properties") or {}).get("products") or [], list):
        raise NotValidError("an order whose products are not a list")


RUDDERSTACK = Contract(
    read=DocumentFiles, parse=Call.from_record, sequences=None, tables=TABLES, text_columns=TEXT_COLUMNS
)
