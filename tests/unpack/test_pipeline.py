"""How the rows of a load come to each warehouse."""

from __future__ import annotations

import pytest

from parley.unpack.pipeline import file_format


def test_rows_come_as_files_where_they_can(monkeypatch: pytest.MonkeyPatch) -> None:
    assert [file_format(kind) for kind in ("duckdb", "postgres", "redshift")] == [
        "parquet",
        "insert_values",
        "insert_values",
    ]
    monkeypatch.setenv("STAGING_BUCKET_URL", "s3://bucket/folder")
    assert [file_format(kind) for kind in ("duckdb", "postgres", "redshift")] == ["parquet", "insert_values", "parquet"]
