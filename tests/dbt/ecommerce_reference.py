"""What identities, sessions, metrics and attribution of a history have to be, computed another way: event by event."""

from __future__ import annotations

import csv
import hashlib
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from fnmatch import fnmatchcase
from typing import Any

from project import DBT

Event = dict[str, Any]

CUTOFF = timedelta(minutes=30)
PAYMENT_RETURN = timedelta(hours=4)
LOOKBACK = timedelta(days=30)
HALF_LIFE_DAYS = 7
UNITS = 10**12


def seed(name: str) -> list[dict[str, str]]:
    with (DBT / "seeds" / "ecommerce" / f"{name}.csv").open() as lines:
        return list(csv.DictReader(lines))


def time(event: Event) -> datetime:
    return datetime.fromisoformat(event["timestamp"]).replace(tzinfo=None)


def place(event: Event) -> tuple[datetime, str]:
    return time(event), event["messageId"]


def device(event: Event) -> str:
    return f"a:{event['anonymousId']}" if event["anonymousId"] else f"u:{event['userId']}"


def distinct(batches: list[list[Event]]) -> list[Event]:
    """The events of a history in order of time, each once."""
    return sorted({event["messageId"]: event for batch in batches for event in batch}.values(), key=place)


def visitors(events: list[Event], stitching: str) -> dict[str, str]:
    """The visitor of each node, by union-find."""
    seen: dict[str, datetime] = {}
    links: dict[tuple[str, str], datetime] = {}
    for event in events:
        user = f"u:{event['userId']}" if event["userId"] else None
        nodes = [device(event), user or device(event)]
        email = event["context"].get("traits", {}).get("email", "").lower()
        for one, other in [(nodes[0], nodes[1]), (nodes[1], f"e:{email}" if email else nodes[1])]:
            for node in (one, other):
                seen.setdefault(node, time(event))
            links.setdefault((one, other), time(event))

    parents = {node: node for node in seen}

    def root(node: str) -> str:
        while parents[node] != node:
            node = parents[node]
        return node

    first_user: dict[str, tuple[datetime, str]] = {}
    for (one, other), since in links.items():
        if stitching == "conservative" and one.startswith("a:"):
            if other.startswith(("u:", "e:")):
                first_user[one] = min(first_user.get(one, (since, other)), (since, other))
        else:
            parents[root(one)] = root(other)
    for one, (_, other) in first_user.items():
        parents[one] = root(other)

    people = defaultdict(list)
    for node, since in seen.items():
        people[root(node)].append((since, node))
    return {node: hashlib.md5(min(people[root(node)])[1].encode()).hexdigest() for node in seen}


@dataclass
class Session:
    key: str
    device: str
    events: list[Event] = field(default_factory=list)

    @property
    def id(self) -> str:
        return f"{self.device}/{self.key}"

    @property
    def start(self) -> datetime:
        return time(self.events[0])

    @property
    def end(self) -> datetime:
        return time(self.events[-1])

    @property
    def pages(self) -> list[Event]:
        return [event for event in self.events if event["type"] in ("page", "screen")]

    @property
    def is_bounced(self) -> bool:
        return len(self.pages) == 1 and self.start == self.end

    @property
    def platform(self) -> str:
        return "web" if self.events[0]["channel"] == "web" else "app"

    def visitor(self, people: dict[str, str]) -> str:
        users = [event["userId"] for event in self.events if event["userId"]]
        return people[f"u:{users[0]}" if users else self.device]

    @property
    def channel(self) -> str:
        if not self.pages:
            return "direct"
        page, campaign = self.pages[0]["properties"], self.pages[0]["context"].get("campaign", {})
        is_web = self.pages[0]["type"] == "page"
        domain = page.get("referring_domain", "") if is_web else ""
        if domain in {row["domain"] for row in seed("payment_providers")}:
            domain = ""
        source, medium = campaign.get("source", "").lower(), campaign.get("medium", "").lower()
        values = {"utm_source": source, "utm_medium": medium, "referring_domain": domain, "click_id": ""}
        for rule in sorted(seed("channel_rules"), key=lambda rule: int(rule["rule_nr"])):
            patterns = {name: rule[name].replace("%", "*") for name in values if rule[name]}
            if all(values[name] and fnmatchcase(values[name], pattern) for name, pattern in patterns.items()):
                return rule["channel"]
        return "other_campaign" if source or medium else "referral" if domain else "direct"


def sessions(events: list[Event]) -> list[Session]:
    """The sessions of a history, by device and start."""
    by_device = defaultdict(list)
    for event in events:
        is_server = event["channel"] != "web" and "device" not in event["context"]
        if event["type"] in ("page", "screen", "track") and not is_server:
            by_device[device(event)].append(event)
    found: list[Session] = []
    for name, own in by_device.items():
        visits: dict[str, Session] = {}
        unnamed: Session | None = None
        for event in own:
            sdk = event["context"].get("sessionId")
            if sdk is not None:
                visits.setdefault(str(sdk), Session(str(sdk), name)).events.append(event)
                continue
            if unnamed is None or time(event) > unnamed.end + CUTOFF:
                unnamed = visits[event["messageId"]] = Session(event["messageId"], name)
            unnamed.events.append(event)
        joined: list[Session] = []
        # The visit that ended last so far, and the session that it belongs to.
        last: tuple[datetime, Session] | None = None
        for visit in sorted(visits.values(), key=lambda visit: (visit.start, visit.key)):
            pages = visit.pages
            is_return = bool(pages) and pages[0]["type"] == "page" and "paypal" in pages[0]["properties"]["referrer"]
            if is_return and last is not None and visit.start <= last[0] + PAYMENT_RETURN:
                session = last[1]
                session.events = sorted(session.events + visit.events, key=place)
            else:
                session = Session(visit.key, name, visit.events)
                joined.append(session)
            if last is None or visit.end > last[0]:
                last = visit.end, session
        found += joined
    return found


def daily(found: list[Session], people: dict[str, str]) -> dict[date, tuple[int, int, int, int, float]]:
    """By day: users, new users, sessions, bounced sessions, average length in seconds."""
    first: dict[str, date] = {}
    by_day = defaultdict(set)
    for number, session in enumerate(found):
        visitor = session.visitor(people)
        first[visitor] = min(first.get(visitor, session.start.date()), session.start.date())
        for event in session.events:
            by_day[time(event).date()].add(number)
    result = {}
    for day, numbers in by_day.items():
        own = [found[number] for number in numbers]
        users = {session.visitor(people) for session in own}
        lengths = [(session.end - session.start).total_seconds() for session in own]
        result[day] = (
            len(users),
            sum(first[user] == day for user in users),
            len(own),
            sum(session.is_bounced for session in own),
            sum(lengths) / len(lengths),
        )
    return result


def orders(events: list[Event]) -> dict[str, Event]:
    """The first event with an amount of each order that has one."""
    found: dict[str, Event] = {}
    for event in events:
        if event.get("event") == "Order Completed" and event["properties"]["revenue"] is not None:
            found.setdefault(event["properties"]["order_id"], event)
    return found


def weights(touches: list[Session], ordered_at: datetime) -> dict[str, list[float]]:
    """By attribution model, the weight of each session before an order."""
    count = len(touches)
    known = [number for number, touch in enumerate(touches) if touch.channel != "direct"]
    last_known = known[-1] if known else count - 1
    ends = [1.0] * count if count <= 2 else [0.4, *[0.2 / (count - 2)] * (count - 2), 0.4]
    ages = [(ordered_at - touch.start).total_seconds() / 86400 for touch in touches]
    return {
        "first_touch": [float(number == 0) for number in range(count)],
        "last_touch": [float(number == count - 1) for number in range(count)],
        "last_non_direct": [float(number == last_known) for number in range(count)],
        "linear": [1.0] * count,
        "time_decay": [0.5 ** (age / HALF_LIFE_DAYS) for age in ages],
        "position_based": ends,
    }


def shared_out(revenue: Decimal, parts: list[float]) -> list[Decimal]:
    """The revenue in cents by largest remainder; of two equal ones the earlier session's is larger."""
    cents = int(revenue * 100)
    shares = [int(part / sum(parts) * UNITS) for part in parts]
    whole = [cents * share // UNITS for share in shares]
    order = sorted(range(len(parts)), key=lambda number: (-(cents * shares[number] % UNITS), number))
    for number in order[: cents - sum(whole)]:
        whole[number] += 1
    amounts = [Decimal(number) / 100 for number in whole]
    amounts[order[0]] += revenue - Decimal(cents) / 100
    return amounts


def credits(events: list[Event], found: list[Session], people: dict[str, str]) -> dict[tuple[str, str, int], Decimal]:
    """By order, attribution model and number of the session: the credited revenue."""
    result = {}
    for order_id, order in orders(events).items():
        visitor = people[f"u:{order['userId']}" if order["userId"] else device(order)]
        touches = sorted(
            (s for s in found if s.visitor(people) == visitor and time(order) - LOOKBACK <= s.start <= time(order)),
            key=lambda session: (session.start, session.id),
        )
        revenue = Decimal(str(order["properties"]["revenue"]))
        if not touches:
            result |= {(order_id, model, 1): revenue for model in weights([], time(order))}
        for model, parts in weights(touches, time(order)).items() if touches else ():
            for number, amount in enumerate(shared_out(revenue, parts), start=1):
                result[order_id, model, number] = amount
    return result
