"""One unpacking of a schema at a time: it would take the rows of another for those of a load that died."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager

from filelock import FileLock, Timeout

from parley import settings
from parley.warehouse import Connection

log = logging.getLogger(__name__)

POLL_SECONDS = 1.0


@contextmanager
def turn_here(schema: str) -> Iterator[None]:
    """Wait until no other process of this machine unpacks into the schema, and let none begin meanwhile."""
    path = settings.STATE / "dlt" / f"{schema}.lock"
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(path)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        _tell(schema)
        lock.acquire()
    try:
        yield
    finally:
        lock.release()


def turn_everywhere(connection: Connection, schema: str) -> None:
    """The same for other machines, until the connection ends. Only PostgreSQL has locks for that."""
    if connection.kind != "postgres":
        return
    # A machine that went away without a word lets go after two minutes, instead of the two hours of most systems.
    connection.query("set tcp_keepalives_idle = 60; set tcp_keepalives_interval = 10; set tcp_keepalives_count = 6")
    if not _locked(connection, schema):
        _tell(schema)
        # Asked again and again: a signal would not reach a process that waits for the server's answer.
        while not _locked(connection, schema):
            time.sleep(POLL_SECONDS)


def _locked(connection: Connection, schema: str) -> bool:
    [[locked]] = connection.query("select pg_try_advisory_lock(hashtextextended(%s, 0))", [f"parley unpack {schema}"])
    return bool(locked)


def _tell(schema: str) -> None:
    log.warning("Waiting for another unpacking into %s to end", schema)
