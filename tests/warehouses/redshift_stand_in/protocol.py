"""The PostgreSQL wire protocol, as far as the gateway looks into it.

https://www.postgresql.org/docs/current/protocol-message-formats.html
"""

from __future__ import annotations

import asyncio
import struct
from dataclasses import dataclass

PROTOCOL_3 = 196608
CANCEL_REQUEST = 80877102
SSL_REQUEST = 80877103
GSS_REQUEST = 80877104

# Kinds of messages, by who sends them.
QUERY, PARSE = b"Q", b"P"
ERROR, PARAMETER_STATUS = b"E", b"S"


@dataclass(frozen=True)
class Message:
    """One message: its kind, one byte (none for the first of a connection), and what follows its length."""

    kind: bytes
    body: bytes

    def encode(self) -> bytes:
        return self.kind + struct.pack("!i", len(self.body) + 4) + self.body


async def read_message(reader: asyncio.StreamReader) -> Message:
    """The next message.

    Raises:
        IncompleteReadError: the connection was closed.
    """
    kind = await reader.readexactly(1)
    return Message(kind, await _body(reader))


async def read_startup(reader: asyncio.StreamReader) -> Message:
    """The first message of a connection, which has no kind."""
    return Message(b"", await _body(reader))


def request_code(startup: Message) -> int:
    """The protocol version that a first message asks for, or the code of a special request."""
    return int(struct.unpack_from("!i", startup.body)[0])


def startup_parameters(startup: Message) -> dict[str, str]:
    texts = startup.body[4:].decode().split("\0")
    return dict(zip(texts[::2], texts[1::2], strict=False))


def startup_message(parameters: dict[str, str]) -> Message:
    texts = "".join(f"{name}\0{value}\0" for name, value in parameters.items())
    return Message(b"", struct.pack("!i", PROTOCOL_3) + texts.encode() + b"\0")


def query_text(message: Message) -> str:
    """The SQL of a Query or Parse message."""
    texts = message.body.split(b"\0", 2)
    return texts[0 if message.kind == QUERY else 1].decode()


def with_query_text(message: Message, sql: str) -> Message:
    """The message, with other SQL in it."""
    if message.kind == QUERY:
        return Message(QUERY, sql.encode() + b"\0")
    name, _, rest = message.body.split(b"\0", 2)
    return Message(PARSE, name + b"\0" + sql.encode() + b"\0" + rest)


def parameter_status(name: str, value: str) -> Message:
    return Message(PARAMETER_STATUS, f"{name}\0{value}\0".encode())


def fields(error: Message) -> dict[str, str]:
    """What an error says, by the letters of the protocol: C the code, M the message, n the constraint, ..."""
    texts = error.body.decode(errors="replace").split("\0")
    return {text[0]: text[1:] for text in texts if text}


def error_message(found: dict[str, str]) -> Message:
    return Message(ERROR, "".join(f"{letter}{text}\0" for letter, text in found.items()).encode() + b"\0")


async def _body(reader: asyncio.StreamReader) -> bytes:
    [length] = struct.unpack("!i", await reader.readexactly(4))
    return await reader.readexactly(length - 4)
