"""The committed pages of the schema are those that the models make."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from parley.dbt import write_manifest
from parley.erd import DBT_DOCS, PAGE, Schema, dbt_docs, page
from parley.pipelines import get_pipeline

PROJECT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def schema() -> Schema:
    return Schema.from_manifest(json.loads(write_manifest(get_pipeline("demo_bot")).read_text()))


def test_the_pages_are_up_to_date(schema: Schema) -> None:
    for path, content in ((PAGE, page(schema)), (DBT_DOCS, dbt_docs(schema))):
        assert (PROJECT / path).read_text() == content, f"{path} is out of date: run `make erd`"


def test_every_table_has_a_key_and_leads_to_the_one_above_it(schema: Schema) -> None:
    assert {mart for mart, _ in schema.unique} >= set(schema.marts)
    references = dict(schema.references())
    for mart in ("user_messages", "bot_actions", "actions", "slots", "event_sequence"):
        assert references[mart, "interaction_id"] == ("interactions", "interaction_id")
    assert references["interactions", "session_id"] == ("sessions", "session_id")
    assert references["sessions", "sender_id"] == ("senders", "sender_id")
    # Tested against sessions, which are tested against users.
    assert references["senders", "user_id"] == ("users", "user_id")
