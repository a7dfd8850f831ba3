"""The conversations of one bot: the real engine to land events, and the real dbt project to build from them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from project import Project

from parley.loads import Ledger
from parley.warehouse import Warehouse

BOT = "demo_bot"
VARIABLES = {"user_id": "metadata__user_id", "external_session_id": "metadata__session_id"}
PATHS = ("path:models/chat", "path:seeds/chat")
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
    "staging": ["int_chat__events", "int_chat__sender_users", "int_chat__sender_days", "int_chat__model_spans"],
}
PAIRS = {f"{BOT}_{layer}.{table}": f"fresh_{layer}.{table}" for layer, tables in TABLES.items() for table in tables}

Event = dict[str, Any]


@dataclass(frozen=True)
class Chat(Project):
    """The conversations of one bot."""

    def land(self, events: Iterable[Event]) -> str | None:
        """Land events as one load; the id of the load, None when there was nothing new in them."""
        from parley.unpack.engine import unpack
        from parley.unpack.rasa import RASA
        from parley.unpack.sources import Record

        records = [Record("test", number, json.dumps(event), {}) for number, event in enumerate(events, start=1)]
        return unpack(records, f"{BOT}_event", RASA, Warehouse("duckdb", path=self.path)).load_id

    def ledger(self, destination: str = BOT) -> Ledger:
        return Ledger(f"{BOT}_event", f"{destination}_staging.chat_load_ids")

    def mark(self, run_id: str) -> list[str]:
        with self.connection() as connection:
            return self.ledger().mark(connection, run_id)

    def pinned(self, run_id: str, destination: str = BOT) -> list[str]:
        with self.connection() as connection:
            return self.ledger(destination).pinned(connection, run_id)

    def of_bot(self, destination: str = BOT) -> Chat:
        """With the variables that name the schemas too."""
        return replace(self, vars={**self.vars, "source_schema_prefix": BOT, "dest_schema_prefix": destination})

    def dbt(
        self,
        *arguments: str,
        run_id: str = "",
        load_ids: Sequence[str] = (),
        destination: str = BOT,
        check: bool = True,
    ) -> bool:
        """Run a command of dbt, on the domain unless it selects by itself; whether it succeeded."""
        selected = () if {"-s", "--select"} & set(arguments) else ("--select", *PATHS)
        env = {"PARLEY_RUN_ID": run_id, "PARLEY_LOAD_IDS": ",".join(load_ids)}
        return self.of_bot(destination).invoke(*arguments, *selected, env=env, check=check)

    def differences_to_full_refresh(self, run_id: str) -> dict[str, tuple[int, int, list[tuple[Any, ...]]]]:
        """What `differences` finds between the tables and those that a full refresh makes, in schemas of its own."""
        no_tests = ("--exclude", "resource_type:unit_test", "resource_type:test")
        self.dbt("build", "--full-refresh", *no_tests, run_id=run_id, destination="fresh")
        return self.differences(PAIRS)
