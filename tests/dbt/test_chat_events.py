"""Events with an odd form, which a bot's own code or an older Rasa writes: none stops a run."""

from __future__ import annotations

from typing import Any

from chat_project import BOT, Chat


def event(kind: str, second: int, **content: Any) -> dict[str, Any]:
    return {"event": kind, "sender_id": "s1", "timestamp": 1_700_000_000 + second, **content}


def test_what_is_odd_is_left_out_or_told(chat: Chat) -> None:
    chat.land(
        [
            event("user", 0, text="hi", parse_data={"intent": {"name": "greet", "confidence": -0.1}}),
            event("User", 1, text="of another type"),
            event("slot", 2, value="of no name"),
            event("slot", 3, name="requested_slot", value=["city"]),
            event("slot", 4, name="requested_slot", value="city"),
        ]
    )
    chat.dbt("build", "--exclude", "resource_type:unit_test", run_id="run")
    assert chat.query(f"select text, intent_confidence from {BOT}_views.user_messages") == [("hi", -0.1)]
    columns = "slot_name, slot_value, slot_status"
    assert chat.query(f"select {columns} from {BOT}_views.slots order by event_nr") == [
        ("requested_slot", None, "filled"),
        ("city", None, "requested"),
    ]
