"""How RudderStack names tables and columns: snake case with digits as words of their own."""

from __future__ import annotations

import re
from functools import lru_cache

# lodash's words, for ASCII: `camelCase`, `HTTPServer`, `l1` and `9mega` are two words each.
WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")
NOT_ASCII_WORDS = re.compile("[^A-Za-z0-9]+")

# Tables that no event may have for its own.
TAKEN = {"tracks", "identifies", "pages", "screens", "aliases", "groups", "users", "accounts", "quarantine", "files"}


@lru_cache(maxsize=20_000)
def snake_case(name: str) -> str:
    """`categoryL1` and `Category L1` are `category_l_1`; empty when no letter or digit of ASCII is in the name."""
    return "_".join(word.lower() for part in NOT_ASCII_WORDS.split(name) for word in WORDS.findall(part))


@lru_cache(maxsize=20_000)
def table_name(event: str) -> str:
    """The table of a track event; empty when its name has no letter or digit of ASCII.

    Where RudderStack puts `_` before a name, because it is taken or begins with a digit, it is `event_` here: a table
    that begins with `_` belongs to the engine.
    """
    name = snake_case(event)
    if name in TAKEN or name[:1].isdigit() or (name and event.startswith("_")):
        return f"event_{name}"
    return name
