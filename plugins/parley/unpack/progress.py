"""How far an unpacking is: a line that moves on a terminal, else a line in the log now and then."""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.status import Status

log = logging.getLogger(__name__)

SECONDS_BETWEEN_LINES = 30.0

Seen = Callable[[int], None]
"""To be called with the number of records that have been read since, 0 when all have."""


@contextmanager
def progress(schema: str) -> Iterator[Seen]:
    """Report what the function that this gives is told, and that it is being written when all has been read."""
    if sys.stderr.isatty():
        with Console(stderr=True, highlight=False).status(f"{schema}: reading") as status:
            yield _counted(schema, _on_terminal(status))
    else:
        yield _counted(schema, _in_log())


def _counted(schema: str, say: Callable[[str], None]) -> Seen:
    started = time.monotonic()
    number = 0

    def seen(more: int) -> None:
        nonlocal number
        number += more
        then = f"{number / (time.monotonic() - started):,.0f} a second" if more else "writing"
        say(f"{schema}: {number:,} records read, {then}")

    return seen


def _on_terminal(status: Status) -> Callable[[str], None]:
    return status.update


def _in_log() -> Callable[[str], None]:
    last = time.monotonic()

    def say(line: str) -> None:
        nonlocal last
        if time.monotonic() - last >= SECONDS_BETWEEN_LINES:
            last = time.monotonic()
            log.info(line)

    return say
