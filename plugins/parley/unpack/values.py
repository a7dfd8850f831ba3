"""Values that JSON allows and a warehouse does not, made storable. Nothing is dropped silently: see docs/chat.md."""

from __future__ import annotations

import math
import re
from typing import Any

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
