"""How far an unpacking is, on a terminal and in the log."""

from __future__ import annotations

import logging
import os
import pty
import subprocess
from pathlib import Path

import pytest

from parley import settings
from parley.unpack import progress


def test_the_log_says_now_and_then_how_far_it_is(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress, "SECONDS_BETWEEN_LINES", 0)
    with caplog.at_level(logging.INFO), progress.progress("a_schema") as seen:
        for number in (2_000, 500, 0):
            seen(number)
    assert "a_schema: 2,000 records read" in caplog.text
    assert "a_schema: 2,500 records read, writing" in caplog.text


def test_the_log_says_nothing_of_what_is_quickly_done(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO), progress.progress("a_schema") as seen:
        seen(2_500)
        seen(0)
    assert caplog.text == ""


def test_a_terminal_shows_how_far_it_is(sample: Path, tmp_path: Path) -> None:
    terminal, its_other_end = pty.openpty()
    command = [str(settings.BIN / "parley"), "unpack", "rasa", str(sample)]
    env = {**os.environ, "PARLEY_STATE": str(tmp_path), "WAREHOUSE_PATH": str(tmp_path / "w.duckdb"), "TERM": "xterm"}
    done = subprocess.run(command, env=env, stdout=subprocess.PIPE, stderr=its_other_end, check=True)
    os.close(its_other_end)
    assert "records read" in os.read(terminal, 1_000_000).decode()
    assert b"records read" not in done.stdout
