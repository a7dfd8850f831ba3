"""JSON documents, with the values that JSON allows and a warehouse does not made storable.

Nothing is dropped silently: see docs/chat.md.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
from typing import Any

import orjson

BIGINT = range(-(2**63), 2**63)
# PostgreSQL and Redshift store neither NUL nor half a surrogate pair.
UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
REPLACEMENT = "\ufffd"


def storable(value: Any) -> Any:
    """The value, or what stands for it.

    * NUL and lone surrogates, in keys and texts: U+FFFD
    * NaN and the infinities: null
    * integers beyond 64 bits: their digits as text
    """
    if isinstance(value, str):
        return UNSTORABLE.sub(REPLACEMENT, value) if UNSTORABLE.search(value) else value
    if isinstance(value, dict):
        return {storable(key): storable(item) for key, item in value.items()}
    if isinstance(value, list):
        return [storable(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, int) and value not in BIGINT:
        return str(value)
    return value


# An integer of 19 digits may not fit into 64 bits, and orjson would round it. It is looked for among bytes that are all
# a digit, a point or nothing: behind a point, many digits are no more than a long fraction.
_AS_ZEROS = bytes(ord("0") if chr(code).isdigit() else code * (chr(code) == ".") for code in range(128)) + bytes(128)
_LONG_INTEGER = re.compile(b"0" * 19 + rb"(?<![.0]0{19})")


def parse(text: str) -> Any:
    """A JSON document as Python's own encoder, and so Rasa, writes it, with every value storable.

    NaN and lone surrogates are allowed in it.

    Raises:
        ValueError: the text is not JSON, with the reason.
    """
    # Most documents have nothing in them that could not be stored; that is seen without looking at each value.
    if "\\u0000" not in text:
        try:
            document = orjson.loads(text)
        except orjson.JSONDecodeError:
            pass  # NaN and lone surrogates are no JSON to orjson
        else:
            may_be_large = _LONG_INTEGER.search(text.encode().translate(_AS_ZEROS))
            if not (may_be_large and _has_large_number(document)):
                return document
    try:
        return storable(json.loads(text))
    except RecursionError as error:
        raise ValueError("nested too deeply") from error


def _has_large_number(document: Any) -> bool:
    """Whether a number is in it that orjson may have rounded, or that does not fit into 64 bits."""
    stack = [document]
    while stack:
        value = stack.pop()
        if type(value) is dict:
            stack.extend(value.values())
        elif type(value) is list:
            stack.extend(value)
        elif type(value) in (int, float) and not -(2**63) < value < 2**63:
            return True
    return False


def canonical(document: Any) -> bytes:
    """The one text of a storable document, however its own text was spelled."""
    try:
        return orjson.dumps(document, option=orjson.OPT_SORT_KEYS)
    except orjson.JSONEncodeError:
        # Nested more deeply than orjson goes.
        return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def digest(content: bytes) -> str:
    """The id of a content: 32 hexadecimal digits."""
    return hashlib.blake2b(content, digest_size=16).hexdigest()


# What a text on Redshift can hold, in bytes.
LONGEST_TEXT = 65_535


def within(text: str, length: int) -> str:
    """The text, cut after so many bytes of UTF-8, at the end of a character."""
    return text.encode()[:length].decode(errors="ignore")
