"""Random visits to a shop, with what makes its models go wrong: shared devices, late and repeated events, returns from
paying, ties, sessions over midnight, orders that come twice."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from typing import Any

Event = dict[str, Any]

START = datetime(2024, 1, 10, 20, tzinfo=UTC)
REFERRERS = ("", "https://www.google.com/", "https://l.facebook.com/", "https://news.example.net/a")
CAMPAIGNS: tuple[dict[str, str], ...] = (
    {},
    {},
    {"source": "newsletter", "medium": "email", "name": "jan"},
    {"source": "Google", "medium": "CPC"},
    {"source": "partner", "medium": "unheard-of"},
)
PAYPAL = "https://www.paypal.com/"
CURRENCIES = ("USD", "EUR", "INR")


def iso(time: datetime) -> str:
    return time.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def visits(rng: random.Random, device: str, users: list[str], events: list[Event], length: int) -> None:
    """Add what one device does, by whoever is logged in, to `events`."""
    clock = START + timedelta(minutes=rng.randrange(600))
    user, session, with_sdk = None, 0, rng.random() < 0.7
    landing, platform = True, rng.choice(["web", "web", "app"])

    def add(kind: str, **content: Any) -> None:
        context: Event = {"library": {"name": "test"}}
        if platform == "app":
            context["device"] = {"type": "iOS"}
        if with_sdk and rng.random() < 0.95:
            context["sessionId"] = session
        context.update(content.pop("context", {}))
        events.append(
            {
                "type": kind,
                "channel": "web" if platform == "web" else "server",
                "messageId": f"m{len(events):05d}",
                "anonymousId": device,
                "userId": user or "",
                "timestamp": iso(clock),
                "originalTimestamp": iso(clock + timedelta(days=rng.choice([0, 0, 400]))),
                "sentAt": iso(clock),
                "receivedAt": iso(clock + timedelta(seconds=1)),
                "context": context,
                **content,
            }
        )

    for _ in range(length):
        gap = rng.choice([0, 0, 5, 60, 900, 2400, 40_000, 400_000])
        clock += timedelta(seconds=gap)
        if gap >= 2400 or session == 0:
            session, landing = int(clock.timestamp() * 1000), True
        what = rng.choice(["page", "page", "page", "track", "track", "identify", "order", "return", "logout", "refund"])
        if what == "page" or (landing and what != "return"):
            referrer = rng.choice(REFERRERS)
            page = {"url": "https://www.shop.example/p", "path": "/p", "referrer": referrer or "$direct"}
            page["referring_domain"] = referrer.split("/")[2] if referrer else ""
            campaign = rng.choice(CAMPAIGNS) if landing else {}
            add("page" if platform == "web" else "screen", name="P", properties=page, context={"campaign": campaign})
        elif what == "return":
            page = {"url": "https://www.shop.example/thanks", "referrer": PAYPAL, "referring_domain": "www.paypal.com"}
            add("page" if platform == "web" else "screen", name="T", properties=page, context={"campaign": {}})
        elif what == "track":
            add(
                "track",
                event=rng.choice(["Product Viewed", "Product Added"]),
                properties={"product_id": 17, "price": 2},
            )
        elif what == "identify" and users:
            user = rng.choice(users)
            email = rng.choice([user, user, "shared"]) + "@Example.com"
            add("identify", context={"traits": {"email": email}})
        elif what == "order":
            number = rng.randrange(60)
            revenue = rng.choice([0, 0.01, 19.99, 100, "33.33", 7.125, None, None])
            add(
                "track",
                event="Order Completed",
                properties={
                    "order_id": f"o{number}",
                    "revenue": revenue,
                    "total": None if revenue is None else 100,
                    "currency": rng.choice(CURRENCIES),
                    "products": [{"product_id": number, "price": "1.50", "quantity": 2}],
                },
            )
        elif what == "refund":
            refund = {"order_id": f"o{rng.randrange(60)}", "total": 5, "currency": "USD"}
            events.append(
                {
                    "type": "track",
                    "channel": "server",
                    "messageId": f"m{len(events):05d}",
                    "userId": user,
                    "anonymousId": None if user else "back-office",
                    "event": "Order Refunded",
                    "timestamp": iso(clock),
                    "receivedAt": iso(clock),
                    "context": {"library": {"name": "analytics-python"}},
                    "properties": refund,
                }
            )
        elif what == "logout":
            user = None
        landing = False


def history(seed: int) -> list[list[Event]]:
    """A history in batches: a batch holds late events of older times, and repeats some of what came before."""
    rng = random.Random(seed)
    users = [f"user{number}" for number in range(rng.randint(4, 7))]
    events: list[Event] = []
    for number in range(rng.randint(8, 14)):
        # Two or three people share a device.
        visits(rng, f"device{number}", rng.sample(users, k=rng.choice([0, 1, 1, 2, 3])), events, rng.randint(2, 40))
    in_order = sorted(events, key=lambda event: (event["timestamp"], event["messageId"]))
    batches: list[list[Event]] = [[] for _ in range(rng.randint(3, 4))]
    for number, event in enumerate(in_order):
        on_time = number * len(batches) // len(in_order)
        batches[rng.randrange(on_time, len(batches)) if rng.random() < 0.25 else on_time].append(event)
    seen: list[Event] = []
    for batch in batches:
        repeated = [{**event, "sentAt": iso(START)} for event in rng.sample(seen, k=len(seen) // 5)]
        seen += batch
        batch.extend(repeated)
        rng.shuffle(batch)
    return [batch for batch in batches if batch]
