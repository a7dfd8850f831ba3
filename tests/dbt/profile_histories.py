"""Random events of a shop with what makes features go wrong: ties, gaps at a limit, empty values, odd characters."""

from __future__ import annotations

import random
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from profile_reference import Row, Tables

START = datetime(2024, 1, 1)
# Not many, so that a user has several events on each. Among them are the limits of the lookbacks.
DAYS = (1, 8, 9, 10, 26, 32, 33, 39, 40, 60)
ODD_TEXTS = [
    'with "quotes"',
    "back\\slash",
    "two\nlines",
    "tab\there",
    "\x01\x1f",
    "Ö😀",
    "a",
    "a b",
    "B",
    "'single'",
    "[x]",
]
CATEGORIES = ["Jeans", "Tents", "Soaps", "jeans", *ODD_TEXTS[:3]]
PAYMENTS = ["visa", "mastercard", "paypal", "cod", "wallet"]

# The columns of the tables, with DuckDB's types.
COMMON = {"event_id": "varchar", "user_id": "varchar", "anonymous_id": "varchar", "occurred_at": "timestamp"}
PAYMENT = {"payment_method": "varchar", "card_type": "varchar"}
COLUMNS: dict[str, dict[str, str]] = {
    "events": {**COMMON, "kind": "varchar", "platform": "varchar", "utm_source": "varchar"},
    "identifies": {
        **COMMON,
        "platform": "varchar",
        "gender": "varchar",
        "birthday": "date",
        "country": "varchar",
        "state": "varchar",
        "email": "varchar",
        "created_at": "timestamp",
        "has_mobile_app": "boolean",
        "is_active_on_website": "boolean",
        "campaign_source": "varchar",
        "device_type": "varchar",
    },
    "orders": {**COMMON, **PAYMENT, "order_id": "varchar", "total_reporting": "decimal(18, 4)"},
    "order_items": {
        "order_id": "varchar",
        "line_nr": "integer",
        "product_id": "varchar",
        "category": "varchar",
        "quantity": "decimal(18, 4)",
        "amount_reporting": "decimal(18, 4)",
    },
    "product_added": {**COMMON, "cart_id": "varchar", "product_id": "varchar"},
    "checkout_steps": {**COMMON, **PAYMENT},
}


def history(seed: int) -> Tables:
    rng = random.Random(seed)
    tables: Tables = {name: [] for name in COLUMNS}
    users = [f"u{number}" for number in range(rng.randint(5, 8))]
    for number in range(rng.randint(300, 500)):
        name = rng.choice(["events", "events", "events", "identifies", "orders", "product_added", "checkout_steps"])
        row = _event(rng, name, f"{name}-{number:04}", users)
        tables[name].append(row)
        if name == "orders":
            tables["order_items"] += [_item(rng, row["order_id"], line) for line in range(rng.choice([0, 1, 1, 2, 4]))]
    return tables


def event_time(rng: random.Random) -> datetime:
    """Often near another one: the same moment, exactly a session's limit later, at midnight, within a second of it."""
    day = START + timedelta(days=rng.choice(DAYS))
    return day + rng.choice(
        [
            timedelta(0),
            timedelta(hours=7),
            timedelta(hours=7, seconds=1800),
            timedelta(hours=8),
            timedelta(hours=9, microseconds=1),
            timedelta(hours=23, minutes=59, seconds=59, microseconds=999_999),
            timedelta(seconds=rng.randrange(86_400), microseconds=rng.randrange(1_000_000)),
        ]
    )


def _event(rng: random.Random, table: str, event_id: str, users: list[str]) -> Row:
    user = rng.choice(users)
    common = {
        "event_id": event_id,
        "user_id": user if rng.random() < 0.9 else None,
        "anonymous_id": f"anonymous-{user}" if rng.random() < 0.9 else None,
        "occurred_at": event_time(rng),
    }
    return {**common, **_CONTENT[table](rng)}


def _view(rng: random.Random) -> Row:
    source = rng.choice(["google", "newsletter", *ODD_TEXTS, None, None, None])
    kind = rng.choice(["track", "page", "screen", "identify"])
    platform = rng.choice(["web", "app", "server"])
    return {"kind": kind, "platform": platform, "utm_source": None if kind in ("track", "identify") else source}


def _identify(rng: random.Random) -> Row:
    return {
        "platform": rng.choice(["web", "app", "server"]),
        "gender": rng.choice(["F", "M", None]),
        "birthday": rng.choice([date(1990, 2, 28), date(2000, 2, 29), date(1985, 1, 31), date(2030, 1, 1), None]),
        "country": rng.choice(["AT", "US", None]),
        "state": rng.choice(["Styria", "Texas", None]),
        "email": rng.choice(["a@Example.com", "b@shop.example", "broken", "", None]),
        "created_at": rng.choice([START - timedelta(days=400), event_time(rng), None]),
        "has_mobile_app": rng.choice([True, False, None, None]),
        "is_active_on_website": rng.choice([True, False, None, None]),
        "campaign_source": rng.choice(["google", "facebook", None, None]),
        "device_type": rng.choice(["Android", "iOS", "Windows PC", None]),
    }


def _order(rng: random.Random) -> Row:
    amount = rng.choice([Decimal(rng.randrange(1, 50_000)) / 100, Decimal(20), None])
    return {
        "order_id": f"order-{rng.getrandbits(48)}",
        "total_reporting": amount,
        **_payment(rng),
    }


def _payment(rng: random.Random) -> Row:
    return {
        "payment_method": rng.choice([*PAYMENTS, None]),
        "card_type": rng.choice(["visa", None, None, None, None]),
    }


def _item(rng: random.Random, order_id: str, line_nr: int) -> Row:
    return {
        "order_id": order_id,
        "line_nr": line_nr,
        "product_id": rng.choice([*ODD_TEXTS, None]),
        "category": rng.choice([*CATEGORIES, None]),
        "quantity": Decimal(rng.randint(1, 3)),
        "amount_reporting": rng.choice([Decimal(10), Decimal("12.5"), None]),
    }


_CONTENT: dict[str, Any] = {
    "events": _view,
    "identifies": _identify,
    "orders": _order,
    "product_added": lambda rng: {
        "cart_id": rng.choice(["cart-1", "cart-2", "cart-3", None]),
        "product_id": rng.choice([*ODD_TEXTS, None]),
    },
    "checkout_steps": _payment,
}
