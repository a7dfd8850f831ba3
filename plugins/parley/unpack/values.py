"""Values that JSON allows and a warehouse does not, made storable. Nothing is dropped silently: see docs/chat.md."""

from __future__ import annotations

import math
import re
from typing import Any

BIGINT = range(-(2**63), 2**63)
# PostgreSQL and Redshift store neither NUL nor half a surrogate pair.
UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
REPLACEMENT = "\ufffd"
# What a text on Redshift can hold.
LONGEST_TEXT = 65_535


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


def within(value: Any, length: int) -> Any:
    """The value, with every text in it cut after so many bytes of UTF-8, at the end of a character."""
    if isinstance(value, str):
        # A character has four bytes at most: most texts need not be encoded.
        if len(value) * 4 <= length or len(encoded := value.encode()) <= length:
            return value
        return encoded[:length].decode(errors="ignore")
    if isinstance(value, dict):
        return {key: within(item, length) for key, item in value.items()}
    if isinstance(value, list):
        return [within(item, length) for item in value]
    return value
