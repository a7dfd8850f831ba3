"""The mart of a bot's models: when they were seen, and what their archives say once these have landed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from chat_project import BOT, Chat
from tests.unpack.test_model import METADATA, archive

from parley.pipelines import bot
from parley.unpack.domains import unpack_new_models
from parley.warehouse import Warehouse

DOMAIN = {"intents": ["greet", "bye"], "slots": {"city": {"type": "text"}}, "actions": ["a", "b", "c"]}
COLUMNS = "model_id, model_name, rasa_version, intents_count, slots_count, actions_count, forms_count"
NOTHING = (None,) * 5
NO_TESTS = ("resource_type:unit_test", "resource_type:test")


def message(second: int, model_id: str) -> dict[str, Any]:
    metadata = {"model_id": model_id}
    return {"event": "user", "sender_id": "s1", "timestamp": 1_700_000_000 + second, "text": "hi", "metadata": metadata}


def land_archive(chat: Chat, path: Path, model_id: str) -> None:
    metadata = {**METADATA, "model_id": model_id, "domain": DOMAIN}
    unpack_new_models(bot(BOT, source="unused"), Warehouse("duckdb", path=chat.path), str(archive(path, metadata)))


def models(chat: Chat, destination: str = BOT) -> list[tuple[Any, ...]]:
    return chat.query(f"select {COLUMNS} from {destination}_views.models order by model_id")


def test_an_archive_that_lands_after_the_events_is_in_the_next_run(chat: Chat, tmp_path: Path) -> None:
    chat.land([message(0, "m1"), message(1, "m2")])
    chat.dbt("seed")
    chat.dbt("run", run_id="run 1")
    chat.mark("run 1")
    # A bot whose models are not unpacked has them too.
    assert models(chat) == [("m1", "2023-11-14 m1", *NOTHING), ("m2", "2023-11-14 m2", *NOTHING)]

    land_archive(chat, tmp_path / "brisk-pedal.tar.gz", "m2")
    land_archive(chat, tmp_path / "never-seen.tar.gz", "m9")
    chat.land([message(2, "m1")])
    chat.dbt("build", "--exclude", "resource_type:unit_test", run_id="run 2")
    chat.mark("run 2")
    assert models(chat) == [
        ("m1", "2023-11-14 m1", *NOTHING),
        ("m2", "brisk-pedal", "3.6.21", 2, 1, 3, 0),
    ]
    [times] = chat.query(
        f"select trained_at, first_seen_at, last_seen_at from {BOT}_views.models where model_id = 'm2'"
    )
    assert [str(time) for time in times] == ["2024-01-31 12:00:00.500000", "2023-11-14 22:13:21", "2023-11-14 22:13:21"]
    spans = chat.query(f"select first_seen_at, last_seen_at from {BOT}_views.models where model_id = 'm1'")
    assert [str(time) for time in spans[0]] == ["2023-11-14 22:13:20", "2023-11-14 22:13:22"]

    chat.dbt("build", "--full-refresh", "--exclude", *NO_TESTS, run_id="full", destination="fresh")
    assert chat.differences({f"{BOT}_views.models": "fresh_views.models"}) == {}


def test_an_archive_that_is_half_in_is_not_read(chat: Chat, tmp_path: Path) -> None:
    chat.land([message(0, "m1")])
    land_archive(chat, tmp_path / "brisk-pedal.tar.gz", "m1")
    with chat.connection() as connection:
        connection.query(f"delete from {BOT}_model._loads")
    chat.dbt("seed")
    chat.dbt("run", run_id="run 1")
    assert models(chat) == [("m1", "2023-11-14 m1", *NOTHING)]
