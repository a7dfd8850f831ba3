"""The demo on PostgreSQL: unpacking, Airflow's own processes, the DAG's runs, dbt, the ledger."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from own_copy import copy_project

from parley import settings
from parley.pipelines import load_pipelines
from tests.warehouses.conftest import MakeWarehouse
from tests.warehouses.product import DEMO_BOT, environment

pytestmark = pytest.mark.e2e


def test_the_demo_runs_on_postgres(make_warehouse: MakeWarehouse, tmp_path: Path) -> None:
    copy_project(tmp_path, ("airflow.cfg", "dags", "dbt", "sample_data"), settings.ROOT)
    warehouse = make_warehouse("postgres", "demo")
    result = subprocess.run(
        [str(settings.BIN / "parley"), "demo"],
        capture_output=True,
        text=True,
        check=False,
        env={
            **os.environ,
            **environment(warehouse),
            "PARLEY_ROOT": str(tmp_path),
            "PARLEY_STATE": str(tmp_path / ".parley"),
        },
    )
    assert result.returncode == 0, result.stdout + result.stderr
    tests_passed = [line.split("│")[2] for line in result.stdout.splitlines() if "tests passed" in line]
    assert len(tests_passed) == len(load_pipelines())
    for passed, total in (text.split(" of ") for text in tests_passed):
        assert int(passed) == int(total) > 0
    with warehouse.connect() as connection:
        loads = DEMO_BOT.ledger.loads(connection)
        assert [load.is_new for load in loads] == [False, False]
        messages = connection.query(f"select count(*) from {DEMO_BOT.built_schema('views')}.user_messages")
    assert messages == [(321,)]
    assert not (tmp_path / "warehouse.duckdb").exists()
