"""Every feature of the user profile, computed a second time in plain Python: slowly, one user and feature at a time."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

Row = dict[str, Any]
Tables = dict[str, list[Row]]
"""Rows by the name of their model without `stg_ecommerce__`; `occurred_at` is a time in UTC without zone."""


@dataclass(frozen=True)
class Settings:
    """The variables that features depend on."""

    lookback_days: tuple[int, ...] = (7, 30, 90, 365)
    session_cutoff_in_sec: int = 1800
    main_id: str = "user_id"
    card_types: tuple[str, ...] = ("mastercard", "visa")
    var_max_list_size: int = 10
    var_max_cart_size: int = 100

    def dbt_vars(self) -> dict[str, Any]:
        return {
            "lookback_days": list(self.lookback_days),
            "session_cutoff_in_sec": self.session_cutoff_in_sec,
            "main_id": self.main_id,
            "card_types": list(self.card_types),
            "var_max_list_size": self.var_max_list_size,
            "var_max_cart_size": self.var_max_cart_size,
        }


def features(tables: Tables, as_of: datetime, settings: Settings) -> dict[str, Row]:
    """The features of every user by name; arrays are lists."""
    known = {
        name: [row for row in rows if row["occurred_at"] < as_of and row[settings.main_id] is not None]
        for name, rows in tables.items()
        if name != "order_items"
    }
    users = {row[settings.main_id] for rows in known.values() for row in rows}
    found = {}
    for user in users:
        own = {name: [row for row in rows if row[settings.main_id] == user] for name, rows in known.items()}
        orders = {order["order_id"] for order in own["orders"]}
        own["order_items"] = [item for item in tables["order_items"] if item["order_id"] in orders]
        found[user] = _User(own, as_of, settings).features()
    return found


@dataclass(frozen=True)
class _User:
    own: Tables
    as_of: datetime
    settings: Settings

    @property
    def today(self) -> date:
        # A run as of midnight looks at the day that has ended.
        return (self.as_of - timedelta(seconds=1)).date()

    def features(self) -> Row:
        return {**self.traits(), **self.engagement(), **self.revenue(), **self.carts(), **self.purchases()}

    def days_ago(self, at: datetime) -> int:
        return (self.today - at.date()).days

    def per_lookback(self, name: str, value: Callable[[int], Any]) -> Row:
        return {name.replace("_n_", f"_{n}_"): value(n) for n in self.settings.lookback_days}

    def recent(self, rows: list[Row], n: int) -> list[Row]:
        return [row for row in rows if self.days_ago(row["occurred_at"]) <= n]

    def traits(self) -> Row:
        calls = sorted(self.own["identifies"], key=lambda row: (row["occurred_at"], row["event_id"]))
        last: Row = calls[-1] if calls else {}
        age = None
        if last.get("birthday"):
            born = last["birthday"]
            age = self.today.year - born.year - ((self.today.month, self.today.day) < (born.month, born.day))
        since = None
        if calls:
            since = self.days_ago(last["created_at"]) if last["created_at"] else -1
            since = self.days_ago(calls[0]["occurred_at"]) if since < 0 else since
        return {
            "gender": last.get("gender"),
            "age_in_years": age if age is not None and age >= 0 else None,
            "country": last.get("country"),
            "state": last.get("state"),
            "email_domain": last["email"].partition("@")[2].lower() or None if last.get("email") else None,
            "has_mobile_app": self.trait(last, "has_mobile_app", "app"),
            "campaign_sources": distinct(
                [*(event["utm_source"] for event in self.own["events"]), *(call["campaign_source"] for call in calls)]
            ),
            "is_active_on_website": self.trait(last, "is_active_on_website", "web"),
            "days_since_account_creation": since,
            "payment_modes": self.payment_modes(),
            "device_type": last.get("device_type"),
        }

    @staticmethod
    def trait(call: Row, name: str, platform: str) -> int | None:
        """What the call says of it, else whether it was made there; a server may speak for both."""
        if call.get(name) is not None:
            return int(call[name])
        return int(call["platform"] == platform) if call.get("platform") in ("app", "web") else None

    def payment_modes(self) -> list[str]:
        return distinct(row["payment_method"] for row in [*self.own["checkout_steps"], *self.own["orders"]])

    def engagement(self) -> Row:
        times = sorted(
            row["occurred_at"]
            for row in self.own["events"]
            if row["kind"] != "identify" and row["platform"] != "server"
        )
        sessions: list[list[datetime]] = []
        cutoff = timedelta(seconds=self.settings.session_cutoff_in_sec)
        for at in times:
            if not sessions or at - sessions[-1][-1] > cutoff:
                sessions.append([])
            sessions[-1].append(at)
        last_week = [session for session in sessions if self.days_ago(session[0]) <= 7]
        last_seen = self.days_ago(times[-1]) if times else None
        first_of_day = {at.date(): at for at in times}
        return {
            "days_since_last_seen": last_seen,
            **self.per_lookback("is_churned_n_days", lambda n: int(last_seen is None or last_seen > n)),
            **self.per_lookback(
                "active_days_in_past_n_days", lambda n: sum(self.days_ago(at) <= n for at in first_of_day.values())
            ),
            "avg_session_length_last_week": mean([length(session) for session in last_week]),
            "n_sessions_last_week": len(last_week),
            "avg_session_length_overall": mean([length(session) for session in sessions]),
            "n_sessions_overall": len(sessions),
        }

    def revenue(self) -> Row:
        orders = sorted(self.own["orders"], key=lambda row: (row["occurred_at"], row["order_id"]))
        amounts = [order["total_reporting"] for order in orders if order["total_reporting"] is not None]
        in_order = sorted(amounts)
        half = len(amounts) // 2
        median = None
        if amounts:
            median = in_order[half] if len(amounts) % 2 else (in_order[half - 1] + in_order[half]) / 2
        return {
            **self.per_lookback(
                "amt_spent_in_past_n_days",
                lambda n: sum(order["total_reporting"] or 0 for order in self.recent(orders, n)),
            ),
            "total_amt_spent": sum(amounts),
            "last_transaction_value": amounts[-1] if amounts else None,
            "average_transaction_value": mean(amounts),
            "median_transaction_value": median,
            "highest_transaction_value": max(amounts, default=None),
            "days_since_last_purchase": min((self.days_ago(order["occurred_at"]) for order in orders), default=None),
            **self.per_lookback("transactions_in_past_n_days", lambda n: len(self.recent(orders, n))),
            "total_transactions": len(orders),
            "has_credit_card": int(
                any(
                    row[column] in self.settings.card_types
                    for row in [*self.own["checkout_steps"], *self.own["orders"]]
                    for column in ("payment_method", "card_type")
                )
            ),
        }

    def carts(self) -> Row:
        added = self.own["product_added"]
        return {
            **self.per_lookback(
                "carts_in_past_n_days", lambda n: len(distinct(row["cart_id"] for row in self.recent(added, n)))
            ),
            "total_carts": len(distinct(row["cart_id"] for row in added)),
            **self.per_lookback(
                "products_added_in_past_n_days", lambda n: distinct(row["product_id"] for row in self.recent(added, n))
            ),
            "total_products_added_to_cart": len(added),
            "days_since_last_cart_add": min((self.days_ago(row["occurred_at"]) for row in added), default=None),
        }

    def purchases(self) -> Row:
        items = self.own["order_items"]
        bought_at = {order["order_id"]: order["occurred_at"] for order in self.own["orders"]}
        units = [
            sum(item["quantity"] for item in items if item["order_id"] == order)
            for order in {item["order_id"] for item in items}
        ]
        categories = distinct(item["category"] for item in items)
        own = {name: [item for item in items if item["category"] == name] for name in categories}
        latest = sorted(
            categories, key=lambda name: max(bought_at[item["order_id"]] for item in own[name]), reverse=True
        )
        considered = sorted(latest[: self.settings.var_max_cart_size])
        return {
            "average_units_per_transaction": mean(units),
            "items_purchased_ever": self.limited(distinct(item["product_id"] for item in items)),
            "categories_purchased_ever": self.limited(categories),
            "highest_spent_category": max(
                considered, key=lambda name: sum(item["amount_reporting"] or 0 for item in own[name]), default=None
            ),
            "highest_transacted_category": max(
                considered, key=lambda name: len({item["order_id"] for item in own[name]}), default=None
            ),
        }

    def limited(self, values: list[str]) -> list[str] | None:
        return values if len(values) <= self.settings.var_max_list_size else None


def distinct(values: Iterable[str | None]) -> list[str]:
    return sorted({value for value in values if value is not None})


def mean(values: list[Any]) -> Any:
    return sum(values) / len(values) if values else None


def length(session: list[datetime]) -> float:
    """In seconds, to the millisecond."""
    first, last = (at.replace(microsecond=at.microsecond // 1000 * 1000) for at in (session[0], session[-1]))
    return (last - first).total_seconds()


def plain(value: Any) -> Any:
    """A value in one form for both: arrays as lists, numbers rounded beyond what sums may differ in."""
    if isinstance(value, str) and value.startswith("["):
        return json.loads(value)
    if isinstance(value, str | list) or value is None:
        return value
    return round(float(value), 6)
