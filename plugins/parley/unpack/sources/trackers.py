"""Dumps of Rasa's trackers: one document for each conversation, with its events in order.

Both of Rasa's forms are known: `{"name", "events"}`, as for training, and the tracker's whole state with `sender_id`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable

from parley.unpack.sources.record import Record


def events_of(record: Record) -> Iterable[Record]:
    """The events of a tracker as records of their own; any other record as it is."""
    # Reading each document twice would cost too much.
    if '"events"' not in record.text:
        return (record,)
    try:
        tracker = json.loads(record.text)
    except (ValueError, RecursionError):
        tracker = None  # the engine sets it aside
    if not isinstance(tracker, dict) or "event" in tracker or not isinstance(tracker.get("events"), list):
        return (record,)
    context = {"sender_id": tracker.get("sender_id", tracker.get("name"))}
    # One at a time: a tracker's events may be many.
    return (Record(record.place, record.number, json.dumps(event), context) for event in tracker["events"])
