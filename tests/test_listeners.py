"""What Parley does when a process of Airflow starts."""

from __future__ import annotations

import sys

import pytest

from parley import listeners


@pytest.mark.parametrize(("command", "imported"), [("dag-processor", ["parley.preload"]), ("scheduler", [])])
def test_the_dag_processor_alone_imports_ahead(
    command: str, imported: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    modules: list[str] = []
    monkeypatch.setattr(sys, "argv", ["airflow", command])
    monkeypatch.setattr(listeners, "import_module", modules.append)
    listeners.on_starting(component=None)
    assert modules == imported
