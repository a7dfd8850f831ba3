"""How far an unpacking is: a line that moves on a terminal, else a line in the log now and then."""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.status import Status

from parley.unpack.sources import Record

log = logging.getLogger(__name__)

RECORDS_BETWEEN = 1_000
SECONDS_BETWEEN_LINES = 30.0

Seen = Callable[[Iterable[Record]], Iterator[Record]]


@contextmanager
def progress(schema: str) -> Iterator[Seen]:
    """Report what passes through the function that this gives, and that it is being written when all has passed."""
    if sys.stderr.isatty():
        with Console(stderr=True, highlight=False).status(f"{schema}: reading") as status:
            yield lambda records: _counted(records, schema, _on_terminal(status))
    else:
        yield lambda records: _counted(records, schema, _in_log())


def _counted(records: Iterable[Record], schema: str, say: Callable[[str], None]) -> Iterator[Record]:
    started = time.monotonic()
    number = 0
    for number, record in enumerate(records, start=1):
        if number % RECORDS_BETWEEN == 0:
            say(f"{schema}: {number:,} records read, {number / (time.monotonic() - started):,.0f} a second")
        yield record
    say(f"{schema}: {number:,} records read, writing")


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
