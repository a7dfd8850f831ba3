"""The committed pages of the schemas are those that the models make."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from parley.dbt import write_manifest
from parley.erd import DBT_OVERVIEW, Schema, dbt_overview, domains, page, page_path
from parley.pipelines import get_pipeline

PROJECT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def schemas() -> dict[str, Schema]:
    manifest = json.loads(write_manifest(get_pipeline("demo_bot")).read_text())
    return {domain: Schema.from_manifest(manifest, domain) for domain in domains()}


def test_the_pages_are_up_to_date(schemas: dict[str, Schema]) -> None:
    pages = {page_path(domain): page(schema) for domain, schema in schemas.items()}
    for path, content in {**pages, DBT_OVERVIEW: dbt_overview(schemas.values())}.items():
        assert (PROJECT / path).read_text() == content, f"{path} is out of date: run `make erd`"


def test_the_facts_of_support_lead_to_their_dimensions(schemas: dict[str, Schema]) -> None:
    references = dict(schemas["support"].references())
    for column, target in {
        "conversation_id": ("fct_conversations", "conversation_id"),
        "user_id": ("dim_user", "user_id"),
        "agent_id": ("dim_agent", "agent_id"),
        "tag": ("dim_tag", "tag"),
        "event_date": ("dim_date", "date_day"),
    }.items():
        assert references["fct_conversation_events", column] == target


def test_every_table_has_a_key_and_leads_to_the_one_above_it(schemas: dict[str, Schema]) -> None:
    schema = schemas["chat"]
    assert {mart for mart, _ in schema.unique} >= set(schema.marts)
    references = dict(schema.references())
    for mart in ("user_messages", "bot_actions", "actions", "slots", "event_sequence"):
        assert references[mart, "interaction_id"] == ("interactions", "interaction_id")
    assert references["interactions", "session_id"] == ("sessions", "session_id")
    assert references["sessions", "sender_id"] == ("senders", "sender_id")
    # Tested against sessions, which are tested against users.
    assert references["senders", "user_id"] == ("users", "user_id")
