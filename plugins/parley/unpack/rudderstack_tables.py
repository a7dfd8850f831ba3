"""The tables of RudderStack's warehouse schema, and how an object becomes their columns."""

from __future__ import annotations

import json
import re
from itertools import count
from typing import Any

from dlt.common.data_types import TDataType

from parley.unpack.rudderstack_names import snake_case

# The table of each type of call.
ROOTS = {
    "track": "tracks",
    "identify": "identifies",
    "page": "pages",
    "screen": "screens",
    "group": "groups",
    "alias": "aliases",
}
# Ids are names, not numbers: one version of an app sends product ids as numbers.
TEXT_COLUMNS = re.compile("(^|_)id$")
# These are numbers, also where an app sends them as text.
NUMBERS = {
    "price", "quantity", "position", "step", "value", "subtotal", "discount", "shipping", "tax", "revenue", "total",
}  # fmt: skip
LARGEST_EXACT = 2**53
# RudderStack writes what is nested deeper as JSON too.
MAX_LEVELS = 5

_TEXT: TDataType = "text"
_COMMON: dict[str, TDataType] = {
    "_root_hash": "text",
    "id": "text",
    "anonymous_id": "text",
    "user_id": "text",
    "received_at": "timestamp",
    "sent_at": "timestamp",
    "original_timestamp": "timestamp",
    "timestamp": "timestamp",
    "channel": "text",
    **dict.fromkeys(
        [
            "context_session_id",
            "context_device_type",
            "context_library_name",
            "context_locale",
            "context_campaign_source",
            "context_campaign_medium",
            "context_campaign_name",
            "context_campaign_term",
            "context_campaign_content",
            "context_page_url",
            "context_page_path",
            "context_page_title",
            "context_page_search",
            "context_page_referrer",
            "context_page_referring_domain",
            "context_traits_email",
            "context_traits_country",
            "context_traits_state",
            "context_traits_address_country",
            "context_traits_address_state",
        ],
        _TEXT,
    ),
}
_TRACK: dict[str, TDataType] = {**_COMMON, "event": "text", "event_text": "text"}
_VIEW: dict[str, TDataType] = {**_COMMON, "name": "text", "category": "text"}
_PRODUCT: dict[str, TDataType] = {
    "cart_id": "text",
    "product_id": "text",
    "sku": "text",
    "category": "text",
    "name": "text",
    "brand": "text",
    "price": "double",
    "quantity": "double",
    "currency": "text",
}
_ORDER: dict[str, TDataType] = {
    "order_id": "text",
    "checkout_id": "text",
    "currency": "text",
    "coupon": "text",
    "products": "text",
    **dict.fromkeys(["subtotal", "discount", "shipping", "tax", "revenue", "total"], "double"),
}
# What the models read, so that these tables and columns exist and have these types, whatever has arrived so far. All
# else is typed by what arrives.
TABLES: dict[str, dict[str, TDataType]] = {
    "tracks": _TRACK,
    "identifies": {
        **_COMMON,
        **dict.fromkeys(
            [
                "email",
                "gender",
                "birthday",
                "country",
                "state",
                "address_country",
                "address_state",
                "created_at",
                "has_mobile_app",
            ],
            _TEXT,
        ),
    },
    "pages": {
        **_VIEW,
        **dict.fromkeys(["url", "path", "title", "search", "referrer", "referring_domain"], _TEXT),
    },
    "screens": _VIEW,
    "product_added": {**_TRACK, **_PRODUCT},
    "checkout_step_completed": {
        **_TRACK,
        "order_id": "text",
        "checkout_id": "text",
        "step": "double",
        "payment_method": "text",
        "shipping_method": "text",
    },
    "order_completed": {**_TRACK, **_ORDER, "payment_method": "text"},
    "order_refunded": {**_TRACK, **_ORDER},
}


def columns(content: dict[str, Any], prefix: str = "", taken: set[str] | None = None) -> dict[str, Any]:
    """The columns of an object: nested ones join their names with `_`, lists become JSON text, blanks are left out.

    A name that is taken, by a column of every table or by another key, gets `_2`, `_3`, ...
    """
    taken = set(taken or ())
    found: dict[str, Any] = {}
    # The key that is spelled as the column keeps its name, whatever comes first.
    leaves = sorted(_leaves(content, prefix, MAX_LEVELS), key=lambda leaf: (leaf[0] != _name(leaf[0]), leaf[0]))
    for path, value in leaves:
        name = base = _name(path)
        numbers = count(2)
        while name in taken:
            name = f"{base}_{next(numbers)}"
        taken.add(name)
        found[name] = _value(name, value)
    return found


def _leaves(content: dict[str, Any], prefix: str, levels: int) -> list[tuple[str, Any]]:
    leaves: list[tuple[str, Any]] = []
    for key, value in content.items():
        path = f"{prefix}_{key}" if prefix else key
        if value is None or value in ("", [], {}):
            continue
        if isinstance(value, dict) and levels:
            leaves += _leaves(value, path, levels - 1)
        else:
            leaves.append((path, value))
    return leaves


def _name(path: str) -> str:
    name = snake_case(path)
    return f"_{name}" if name[:1].isdigit() else name or "_empty"


def _value(column: str, value: Any) -> Any:
    """A value of the column's type where it can be one: no type depends on what comes first."""
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    if isinstance(value, bool):
        return json.dumps(value) if TEXT_COLUMNS.search(column) else value
    if TEXT_COLUMNS.search(column):
        return str(value)
    if isinstance(value, int):
        return float(value) if abs(value) <= LARGEST_EXACT else str(value)
    if column in NUMBERS and isinstance(value, str):
        return _number(value)
    return value


def _number(text: str) -> float | str:
    """The number in a text; a text that is none stays, and lands beside the column."""
    try:
        number = float(text)
    except ValueError:
        return text
    return number if abs(number) < float("inf") else text
