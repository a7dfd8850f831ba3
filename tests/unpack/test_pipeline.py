"""How the rows of a load come to each warehouse."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from parley.unpack.pipeline import file_format, pipeline
from parley.warehouse import Warehouse


def test_rows_come_as_files_where_they_can(monkeypatch: pytest.MonkeyPatch) -> None:
    assert [file_format(kind) for kind in ("duckdb", "postgres", "redshift")] == [
        "parquet",
        "insert_values",
        "insert_values",
    ]
    monkeypatch.setenv("STAGING_BUCKET_URL", "s3://bucket/folder")
    assert [file_format(kind) for kind in ("duckdb", "postgres", "redshift")] == ["parquet", "insert_values", "parquet"]


def test_duckdb_brings_a_load_into_its_file_as_often_as_by_itself(tmp_path: Path) -> None:
    setting = "select current_setting('checkpoint_threshold')"
    own = duckdb.connect().execute(setting).fetchall()
    warehouse = Warehouse("duckdb", path=tmp_path / "warehouse.duckdb")
    with warehouse.connect() as connection, pipeline("bot_event", warehouse, connection).sql_client() as client:
        assert client.execute_sql(setting) == own
