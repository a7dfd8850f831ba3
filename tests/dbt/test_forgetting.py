"""What docs/operations.md says of a person who is to be forgotten: nothing of them stays in any table."""

from __future__ import annotations

from chat_project import BOT, Chat

FORGOTTEN, OTHER = "ada-4711", "bob-4712"


def events(sender_id: str) -> list[dict[str, object]]:
    said = {"sender_id": sender_id, "metadata": {"user_id": f"user of {sender_id}"}}
    return [
        {**said, "event": "session_started", "timestamp": 1_700_000_000.0},
        {
            **said,
            "event": "user",
            "timestamp": 1_700_000_001.0,
            "text": f"I am {sender_id}",
            "parse_data": {"intent": {"name": "greet"}, "entities": [{"entity": "name", "value": sender_id}]},
        },
        {**said, "event": "slot", "timestamp": 1_700_000_002.0, "name": "name", "value": [{"is": sender_id}]},
        {**said, "event": "bot", "timestamp": 1_700_000_003.0, "text": f"Hello {sender_id}"},
        {**said, "event": "no time"},
    ]


def tables_with(chat: Chat, text: str) -> list[str]:
    """The tables and views of all schemas that have a text in any of their columns."""
    tables = chat.query("select table_schema, table_name from information_schema.tables")
    named = [f'{schema}."{name}"' for schema, name in tables]
    return sorted(
        table for table in named if chat.query(f"select 1 from {table} as t where t::varchar like '%{text}%'")
    )


def test_nothing_of_a_person_stays(chat: Chat) -> None:
    chat.land([*events(FORGOTTEN), *events(OTHER)])
    no_tests = ("--exclude", "resource_type:unit_test", "resource_type:test")
    everything = ("build", "-s", "path:models/chat", "path:seeds/chat", "path:snapshots/chat", *no_tests)
    chat.dbt(*everything, run_id="before")
    had = tables_with(chat, FORGOTTEN)
    assert {f'{BOT}_event."event_slot__value"', f'{BOT}_event."quarantine"', f'{BOT}_views."senders"'} <= set(had), had
    assert any("users_snapshot" in table for table in had)

    of_person = f"select _record_hash from {BOT}_event.event where sender_id = '{FORGOTTEN}'"
    tables = chat.query(
        "select table_name from information_schema.columns"
        f" where table_schema = '{BOT}_event' and column_name = '_root_hash' order by table_name = 'event'"
    )
    for (table,) in tables:
        chat.query(f'delete from {BOT}_event."{table}" where _root_hash in ({of_person})')
    chat.query(f"delete from {BOT}_event.quarantine where text like '%{FORGOTTEN}%'")
    chat.dbt(*everything, "--full-refresh", run_id="after")
    ids = f"('{FORGOTTEN}', 'user of {FORGOTTEN}')"
    chat.query(f"delete from {BOT}_staging.int_chat__touched_users where user_id in {ids}")
    chat.query(f"delete from archive_dev.{BOT}_users_snapshot where '{FORGOTTEN}' in (first_sender_id, last_sender_id)")

    assert tables_with(chat, FORGOTTEN) == []
    assert set(tables_with(chat, OTHER)) == {table.replace(FORGOTTEN, OTHER) for table in had}
