"""Files that one process publishes and another shows, in a place that both can reach.

`PUBLISH_TO` is a folder or a URL that fsspec knows, `s3://bucket/parley` for example: where workers and API server are
different machines, they share no disk. A file is replaced as a whole: a reader sees the old one or the new one.
"""

from __future__ import annotations

import os
import posixpath
from typing import Any
from uuid import uuid4

import fsspec
from fsspec.implementations.local import LocalFileSystem

from parley import settings
from parley.errors import ConfigurationError


def place(name: str) -> str:
    """Where a file is, for messages."""
    system, path = _find(name)
    return str(system.unstrip_protocol(path))


def write(name: str, content: bytes) -> None:
    """Replace a file, `extracts/support.json.gz` for example."""
    system, path = _find(name)
    if isinstance(system, LocalFileSystem):  # elsewhere there are no folders to make
        system.makedirs(posixpath.dirname(path), exist_ok=True)
    # In the same folder, so that it can be renamed; nobody else writes to it.
    draft = f"{path}.{uuid4().hex}"
    try:
        system.pipe_file(draft, content)
        system.mv(draft, path)
    except BaseException:
        if system.exists(draft):
            system.rm_file(draft)
        raise


def read(name: str) -> bytes | None:
    """The content of a file; None before the first."""
    system, path = _find(name)
    try:
        content: bytes = system.cat_file(path)
    except FileNotFoundError:
        return None
    return content


def version(name: str) -> str | None:
    """What differs between any two versions of a file; None before the first."""
    system, path = _find(name)
    system.invalidate_cache()
    try:
        return str(system.ukey(path))
    except FileNotFoundError:
        return None


def _find(name: str) -> tuple[Any, str]:
    """The file system and the path of a file.

    Raises:
        ConfigurationError: PUBLISH_TO is no place that fsspec knows.
    """
    where = os.environ.get("PUBLISH_TO") or str(settings.STATE / "published")
    try:
        system, folder = fsspec.url_to_fs(where)
    except (ValueError, ImportError) as error:
        raise ConfigurationError(f"PUBLISH_TO is '{where}', which cannot be written to: {error}") from error
    return system, posixpath.join(folder, name)
