"""Where records come from: each source yields `Record`s in order, and never stops at a bad one.

What cannot be read at all, a file that was cut for example, is an error, and nothing of the source lands.
"""

from __future__ import annotations

from collections.abc import Iterable

from fsspec import available_protocols

from parley.unpack.sources.documents import DocumentFiles, read_ndjson
from parley.unpack.sources.files import NOTHING, File, FileSource, FileVersion, Unread, list_files, without_user
from parley.unpack.sources.record import Record
from parley.unpack.sources.tracker_store import TrackerStore
from parley.unpack.sources.trackers import events_of

__all__ = [
    "NOTHING",
    "DocumentFiles",
    "File",
    "FileSource",
    "FileVersion",
    "Record",
    "TrackerStore",
    "Unread",
    "list_files",
    "read_ndjson",
    "read_rasa",
    "without_user",
]


def read_rasa(source: str) -> Iterable[Record]:
    """The events of a bot.

    Args:
        source: a file or folder, local or a URL that fsspec knows (`s3://bucket/prefix`), with events or dumps of
            trackers as NDJSON or JSON; or an SQLAlchemy URL of a Rasa SQLTrackerStore.

    Raises:
        UnpackError: there is nothing at that place, or it cannot be read.
    """
    protocol, separator, _ = source.partition("://")
    if separator and protocol not in available_protocols():
        return TrackerStore(source)
    return DocumentFiles(source, events_of)
