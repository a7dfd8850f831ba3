"""Incremental runs over any batches come to exactly the tables that a full refresh makes."""

from __future__ import annotations

import pytest
from chat_project import BOT, Chat
from histories import history

TABLES = {
    "views": [
        "event_sequence",
        "interactions",
        "sessions",
        "senders",
        "users",
        "user_messages",
        "bot_actions",
        "actions",
        "slots",
        "models",
        "bot_performance_daily",
    ],
    "staging": ["int_chat__events", "int_chat__sender_users", "int_chat__model_spans"],
}


PAIRS = {f"{BOT}_{layer}.{table}": f"fresh_{layer}.{table}" for layer, tables in TABLES.items() for table in tables}


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_incremental_equals_full_refresh(chat: Chat, seed: int) -> None:
    for number, batch in enumerate(history(seed)):
        chat.land(batch)
        run_id = f"run {number}"
        verb = ["run"] if number else ["build", "--exclude", "resource_type:unit_test", "test_type:generic"]
        chat.dbt(*verb, run_id=run_id)
        chat.mark(run_id)
        verb = ["run"] if number else ["build", "--exclude", "resource_type:unit_test", "resource_type:test"]
        chat.dbt(*verb, "--full-refresh", run_id=f"full {number}", destination="fresh")
        assert chat.differences(PAIRS) == {}
    [[events]] = chat.query(f"select count(*) from {BOT}_event.event where event <> 'pause'")
    assert chat.query(f"select count(*) from {BOT}_views.event_sequence") == [(events,)]
