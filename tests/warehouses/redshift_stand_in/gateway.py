"""The gateway: takes connections as Redshift would, and passes them on to PostgreSQL.

A refusal is a statement like another: the SQL is replaced by a call of a function that raises the error
(catalog.sql), so that the state of the transaction and of the protocol is PostgreSQL's own.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psycopg2

from parley.services import free_port
from tests.warehouses.redshift_stand_in import protocol
from tests.warehouses.redshift_stand_in.translate import BYTES_CONSTRAINT, translate

HOST = "127.0.0.1"
CATALOG = Path(__file__).with_name("catalog.sql")

# What Redshift says of itself where it differs from PostgreSQL, and what is said on PostgreSQL's side.
PARAMETERS = {"server_version": "8.0.2", "standard_conforming_strings": "off"}
# The rest of what redshift_connector sends is unknown to PostgreSQL.
KNOWN_PARAMETERS = ("user", "database", "client_encoding", "application_name", "options")


def install_catalog(postgres_port: int, user: str, database: str) -> None:
    """Make Redshift's system views and functions in a database."""
    connection = psycopg2.connect(
        host=HOST, port=postgres_port, user=user, dbname=database, options="-c allow_system_table_mods=on"
    )
    with connection, connection.cursor() as cursor:
        cursor.execute(CATALOG.read_text())
    connection.close()


@contextmanager
def running_gateway(postgres_port: int) -> Iterator[int]:
    """The gateway, in a thread of this process; gives its port."""
    port = free_port()
    loop = asyncio.new_event_loop()
    started = threading.Event()

    async def serve() -> None:
        server = await asyncio.start_server(lambda r, w: _connection(r, w, postgres_port), HOST, port)
        started.set()
        async with server:
            with suppress(asyncio.CancelledError):
                await server.serve_forever()

    def run() -> None:
        asyncio.set_event_loop(loop)
        loop.run_until_complete(serve())

    thread = threading.Thread(target=run, name="redshift-stand-in", daemon=True)
    thread.start()
    started.wait(10)
    try:
        yield port
    finally:
        loop.call_soon_threadsafe(lambda: [task.cancel() for task in asyncio.all_tasks(loop)])
        thread.join(10)


async def _connection(client: asyncio.StreamReader, to_client: asyncio.StreamWriter, postgres_port: int) -> None:
    with suppress(asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
        startup = await protocol.read_startup(client)
        while protocol.request_code(startup) in (protocol.SSL_REQUEST, protocol.GSS_REQUEST):
            to_client.write(b"N")
            startup = await protocol.read_startup(client)
        server, to_server = await asyncio.open_connection(HOST, postgres_port)
        if protocol.request_code(startup) == protocol.CANCEL_REQUEST:
            to_server.write(startup.encode())
        else:
            sent = protocol.startup_parameters(startup)
            known = {name: sent[name] for name in KNOWN_PARAMETERS if name in sent}
            to_server.write(protocol.startup_message(known).encode())
            _, left = await asyncio.wait(
                [
                    asyncio.create_task(_to_server(client, to_server)),
                    asyncio.create_task(_to_client(server, to_client)),
                ],
                return_when=asyncio.FIRST_COMPLETED,
            )
            for task in left:
                task.cancel()
        to_server.close()
    to_client.close()


async def _to_server(client: asyncio.StreamReader, to_server: asyncio.StreamWriter) -> None:
    with suppress(asyncio.IncompleteReadError, ConnectionError):
        while True:
            message = await protocol.read_message(client)
            if message.kind in (protocol.QUERY, protocol.PARSE):
                message = protocol.with_query_text(message, translate(protocol.query_text(message)))
            to_server.write(message.encode())
            await to_server.drain()


async def _to_client(server: asyncio.StreamReader, to_client: asyncio.StreamWriter) -> None:
    with suppress(asyncio.IncompleteReadError, ConnectionError):
        while True:
            message = await protocol.read_message(server)
            if message.kind == protocol.PARAMETER_STATUS:
                name, value, _ = message.body.decode().split("\0")
                message = protocol.parameter_status(name, PARAMETERS.get(name, value))
            elif message.kind == protocol.ERROR:
                message = _as_redshift(message)
            to_client.write(message.encode())
            await to_client.drain()


def _as_redshift(error: protocol.Message) -> protocol.Message:
    """A text that has too many bytes breaks a constraint here, and its type on Redshift."""
    found = protocol.fields(error)
    if not found.get("n", "").startswith(BYTES_CONSTRAINT):
        return error
    length = found["n"].removeprefix(BYTES_CONSTRAINT).split("_")[0]
    message = f"value too long for type character varying({length})"
    return protocol.error_message({"S": "ERROR", "C": "22001", "M": message})
