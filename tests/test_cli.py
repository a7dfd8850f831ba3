"""The command line: what it prints, and its exit codes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from parley.warehouse import Warehouse

PARLEY = str(Path(sys.executable).parent / "parley")


def parley(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([PARLEY, *arguments], capture_output=True, text=True, check=False)


@pytest.mark.usefixtures("warehouse")
def test_unpack_says_what_landed_and_what_was_set_aside(tmp_path: Path) -> None:
    lines = ['{"sender_id": "ada", "event": "restart", "timestamp": 1704722742.5}', "{", "<html>"]
    (tmp_path / "in.ndjson").write_text("\n".join(lines))

    refused = parley("unpack", "rasa", str(tmp_path), "--strict")
    assert refused.returncode == 1
    assert "in.ndjson, line 2" in refused.stderr
    assert "Traceback" not in refused.stderr
    assert "no loads yet" in parley("loads").stdout

    first = parley("unpack", "rasa", str(tmp_path), "--bot", "demo_bot")
    assert first.returncode == 0
    assert "1 events landed" in first.stdout
    assert "2 records set aside in demo_bot_event.quarantine" in first.stdout
    assert "new" in parley("loads").stdout

    again = parley("unpack", "rasa", str(tmp_path))
    assert again.returncode == 0
    assert "Nothing new: 1 events have landed before" in again.stdout


@pytest.mark.usefixtures("warehouse")
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["unpack", "rasa", "no/such/file"], "neither a file nor a folder"),
        (["unpack", "rasa", "--bot", "nobody"], "There is no 'nobody'"),
    ],
)
def test_an_error_of_the_user_is_one_message_and_exit_code_1(arguments: list[str], message: str) -> None:
    result = parley(*arguments)
    assert result.returncode == 1
    assert message in " ".join(result.stderr.split())
    assert "Traceback" not in result.stderr


def test_a_wrong_setting_is_one_message_and_exit_code_1(monkeypatch: pytest.MonkeyPatch, warehouse: Warehouse) -> None:
    del warehouse
    monkeypatch.setenv("WAREHOUSE", "oracle")
    result = parley("loads")
    assert result.returncode == 1
    assert "WAREHOUSE is 'oracle'" in result.stderr
