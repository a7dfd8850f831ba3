"""Incremental runs over any batches come to exactly the tables that a full refresh makes."""

from __future__ import annotations

import pytest
from chat_project import BOT, Chat
from histories import history


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_incremental_equals_full_refresh(chat: Chat, seed: int) -> None:
    for number, batch in enumerate(history(seed)):
        chat.land(batch)
        run_id = f"run {number}"
        verb = ["run"] if number else ["build", "--exclude", "resource_type:unit_test", "test_type:generic"]
        chat.dbt(*verb, run_id=run_id)
        chat.mark(run_id)
        assert chat.differences_to_full_refresh(f"full {number}") == {}
    [[events]] = chat.query(f"select count(*) from {BOT}_event.event where event <> 'pause'")
    assert chat.query(f"select count(*) from {BOT}_views.event_sequence") == [(events,)]
