"""Random support conversations, with what makes incremental models go wrong: ties, late events, re-openings."""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from typing import Any

Row = dict[str, Any]

START = datetime(2023, 12, 30, 22)
STATUSES = ("Open", "Closed", "closed", "Waiting for customer")
TAGS = ("payments", "Payments", "login", "app_question", "never_mapped")
AGENTS = ("1", "2", "3")


def conversation(rng: random.Random, conversation_id: str, length: int) -> list[Row]:
    """One conversation's events, in order of time; neighbours may have the same time."""
    clock = START + timedelta(hours=rng.randrange(1_500))
    user_id = rng.choice(["u1", "u2", "u3", None])
    rows: list[Row] = []
    for number in range(length):
        clock += timedelta(seconds=rng.choice([0, 0, 7, 600, 90_000]))
        kind = rng.choice(["message", "message", "answer", "status", "status", "assigned", "tag", "snoozed"])
        event, value, agent = {
            "message": ("customer_message_received", "hello", None),
            "answer": ("message_sent_to_customer", "hi", rng.choice([*AGENTS, None])),
            "status": ("status_changed_to", rng.choice(STATUSES), None),
            "assigned": ("agent_assigned", rng.choice(AGENTS), None),
            "tag": ("tag_assigned", rng.choice(TAGS), None),
            "snoozed": ("conversation_snoozed", None, None),
        }[kind]
        rows.append(
            {
                "event_timestamp": f"{clock:%Y-%m-%d} {clock.hour}:{clock:%M:%S}",
                "conversation_id": conversation_id,
                "user_id": user_id,
                "agent_id": agent,
                "event": event,
                "event_value": value,
                "number": str(number),  # makes each event one of its own
            }
        )
    return rows


def history(seed: int) -> list[list[Row]]:
    """A history in batches: a batch holds late events of older times, and repeats some of what came before."""
    rng = random.Random(seed)
    batches: list[list[Row]] = [[] for _ in range(rng.randint(3, 4))]
    for name in range(rng.randint(15, 25)):
        rows = conversation(rng, f"c{name}", rng.randint(1, 25))
        first = rng.randrange(len(batches))
        for number, row in enumerate(rows):
            in_order = first + number * (len(batches) - first) // len(rows)
            late = rng.randrange(in_order, len(batches)) if rng.random() < 0.25 else in_order
            batches[late].append(row)
    seen: list[Row] = []
    for batch in batches:
        repeated = rng.sample(seen, k=len(seen) // 4)
        seen += batch
        batch.extend(repeated)
        rng.shuffle(batch)
    return [batch for batch in batches if batch]
