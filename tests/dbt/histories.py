"""Random conversations, with what makes incremental models go wrong: ties, late events, user ids known late, returns
after a long time."""

from __future__ import annotations

import random
from typing import Any

Event = dict[str, Any]

INTENTS = ("greet", "book_bike", "nlu_fallback", "deny", None)
ACTIONS = ("action_listen", "action_handoff", "utter_greet")
SLOTS = ("city", "day")
START = 1_700_000_000
DAY = 86_400


def conversation(rng: random.Random, sender_id: str, user_ids: list[str | int | None], length: int) -> list[Event]:
    """One sender's events, in order of time; neighbours may have the same time."""
    clock = START + rng.randrange(50)
    events: list[Event] = []

    def add(event: str, **content: Any) -> None:
        model = {"model_id": rng.choice(["model-a", "model-b"])} if rng.random() < 0.7 else {}
        metadata = {**model, **content.pop("metadata", {})}
        # The number makes each event one of its own.
        body = {"event": event, "timestamp": clock, "sender_id": sender_id, "number": len(events), **content}
        events.append({**body, "metadata": metadata} if metadata else body)

    while len(events) < length:
        clock += rng.choice([0, 0, 1, 5, 400])
        if rng.random() < 0.2:
            clock += rng.randint(1, 100) * DAY
        kind = rng.choice(["user", "user", "bot", "action", "slot", "request", "loop", "start", "restart", "pause"])
        if kind == "user":
            identity = {"user_id": rng.choice(user_ids), "session_id": rng.choice(["web-1", "web-2", None])}
            known = {"metadata": identity} if rng.random() < 0.3 else {}
            add("user", text="hello", parse_data={"intent": {"name": rng.choice(INTENTS), "confidence": 0.5}}, **known)
        elif kind == "bot":
            add("bot", text="hi", metadata={"utter_action": rng.choice(["utter_greet", "utter_bye"])})
        elif kind == "action":
            add("action", name=rng.choice(ACTIONS), confidence=1.0, policy="rule")
        elif kind == "slot":
            add("slot", name=rng.choice(SLOTS), value=rng.choice(["Graz", 3, None, {"a": 1}]))
        elif kind == "request":
            add("slot", name="requested_slot", value=rng.choice([*SLOTS, None]))
        elif kind == "loop":
            add("active_loop", name=rng.choice(["form_a", "form_b", None]))
        elif kind == "pause":
            add("pause")
        else:
            if rng.random() < 0.6:
                add("slot", name="session_started_metadata", value={"channel": "web"})
            add("action", name="action_session_start" if kind == "start" else "action_restart")
            if rng.random() < 0.5:
                add("session_started", metadata={"user_id": rng.choice(user_ids)} if rng.random() < 0.2 else {})
    return events


def history(seed: int) -> list[list[Event]]:
    """A history in batches: a batch holds late events of older times, and repeats some of what came before."""
    rng = random.Random(seed)
    users: list[str | int | None] = ["u1", "u2", 3, None]
    senders = [f"s{number}" for number in range(rng.randint(7, 10))]
    # Two users are named as senders: the fallback of one is the known user of another.
    users += senders[:2]
    batches: list[list[Event]] = [[] for _ in range(rng.randint(3, 4))]
    for sender in senders:
        events = conversation(rng, sender, rng.sample(users, k=2), rng.randint(3, 40))
        first = rng.randrange(len(batches))
        for number, event in enumerate(events):
            in_order = first + number * (len(batches) - first) // len(events)
            late = rng.randrange(in_order, len(batches)) if rng.random() < 0.25 else in_order
            batches[late].append(event)
    seen: list[Event] = []
    for batch in batches:
        repeated = rng.sample(seen, k=len(seen) // 4)
        seen += batch
        batch.extend(repeated)
        rng.shuffle(batch)
    return [batch for batch in batches if batch]
