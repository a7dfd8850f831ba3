"""Fixtures of the dbt tests."""

from __future__ import annotations

from pathlib import Path

import pytest
from chat_project import VARIABLES, Chat
from ecommerce_project import Shop
from support_project import Support

from parley import settings


@pytest.fixture
def chat(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Chat:
    monkeypatch.setattr(settings, "STATE", tmp_path / "state")
    monkeypatch.setenv("DLT_DATA_DIR", str(tmp_path / "dlt"))
    # Tests add to the variables.
    return Chat(tmp_path / "warehouse.duckdb", {**VARIABLES})


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shop:
    monkeypatch.setattr(settings, "STATE", tmp_path / "state")
    monkeypatch.setenv("DLT_DATA_DIR", str(tmp_path / "dlt"))
    return Shop(tmp_path / "warehouse.duckdb")


@pytest.fixture
def support(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Support:
    monkeypatch.setattr(settings, "STATE", tmp_path / "state")
    monkeypatch.setenv("DLT_DATA_DIR", str(tmp_path / "dlt"))
    return Support(tmp_path / "warehouse.duckdb")
