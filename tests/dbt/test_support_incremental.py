"""Incremental runs over any batches come to exactly the tables that a full refresh makes."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from project import DBT
from support_histories import history
from support_project import Support

MARTS = [path.stem for path in Path(DBT, "models", "support", "marts").glob("*.sql")]
SEED_AND_RUN = ["build", "--exclude", "resource_type:unit_test", "resource_type:test"]
KEPT = ["int_support__status_changes", "int_support__conversation_tags", "int_support__contacts"]
PAIRS = {
    **{f"support_marts.{mart}": f"support_marts_ci.{mart}" for mart in MARTS},
    **{f"support_staging.{table}": f"support_staging_ci.{table}" for table in KEPT},
}


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_incremental_equals_full_refresh(support: Support, seed: int) -> None:
    rng = random.Random(seed)
    for number, batch in enumerate(history(seed)):
        users = [{"user_id": user, "country": rng.choice(["AT", "DE"])} for user in ("u1", "u2", "u9")]
        support.land(conversation_events=batch, users=users)
        verb = ["run"] if number else SEED_AND_RUN
        support.dbt(*verb, run_id=f"run {number}")
        support.mark(f"run {number}")
        support.dbt(*verb, "--full-refresh", run_id=f"full {number}", environment="ci")
        assert support.differences(PAIRS) == {}
    support.dbt("test", "--exclude", "test_type:unit")
    [[landed]] = support.query("select count(*) from support_raw.conversation_events")
    assert support.query("select count(*) from support_marts.fct_conversation_events") == [(landed,)]


def test_a_run_that_is_repeated_comes_to_the_same(support: Support) -> None:
    first, second, *_ = history(4)
    support.land(conversation_events=first)
    support.dbt(*SEED_AND_RUN, run_id="run 1")
    support.mark("run 1")
    support.land(conversation_events=second)
    for _ in range(2):
        support.dbt("run", run_id="run 2")
    support.dbt(*SEED_AND_RUN, run_id="full", environment="ci")
    assert support.differences(PAIRS) == {}
