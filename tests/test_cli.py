"""The command line: what it prints, and its exit codes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from parley.warehouse import Warehouse
from tests.command import parley


@pytest.mark.usefixtures("warehouse")
def test_unpack_says_what_landed_and_what_was_set_aside(tmp_path: Path) -> None:
    lines = ['{"sender_id": "ada", "event": "restart", "timestamp": 1704722742.5}', "{", "<html>"]
    (tmp_path / "in.ndjson").write_text("\n".join(lines))

    refused = parley("unpack", "rasa", str(tmp_path), "--strict")
    assert refused.returncode == 1
    assert "in.ndjson, line 2" in refused.stderr
    assert "Traceback" not in refused.stderr
    assert "There are no loads yet" in parley("loads").stdout

    first = parley("unpack", "rasa", str(tmp_path), "--bot", "demo_bot")
    assert first.returncode == 0
    assert "1 records landed" in first.stdout
    assert "2 records set aside in demo_bot_event.quarantine" in first.stdout
    assert "new" in parley("loads").stdout

    again = parley("unpack", "rasa", str(tmp_path))
    assert again.returncode == 0
    assert "1 files have landed and not changed since" in again.stdout


@pytest.mark.usefixtures("warehouse")
def test_a_raw_schema_is_exported_and_compared(sample: Path) -> None:
    model = parley("unpack", "model", str(sample.parent / "chat_bot"))
    assert "of demo_bot_model: 3 records landed" in model.stdout
    versions = parley("schema", "versions", "demo_bot_model").stdout
    content = json.loads(parley("schema", "export", "demo_bot_model", "--format", "json").stdout)
    assert content["version_hash"][:12] in versions

    file = parley("schema", "export", "demo_bot_model", "--format", "dbt", "--dialect", "redshift").stdout
    [source] = yaml.safe_load(file)["sources"]
    tables = {table["name"]: table.get("description", "") for table in source["tables"]}
    assert tables.keys() > {"model", "domain", "stories", "rules"}
    assert tables["stories"] == "The stories of projects; their steps are below."
    script = ["schema", "diff", "--schema", "demo_bot_model", "--dialect", "postgres"]
    everything = parley(*script, "empty", str(content["version"]))
    assert everything.returncode == 0
    assert 'CREATE TABLE "demo_bot_model"."stories"' in everything.stdout
    unknown = parley(*script, "77", "78")
    assert unknown.returncode == 1
    assert "There is no version '77'" in unknown.stderr


@pytest.mark.usefixtures("warehouse")
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["unpack", "rasa", "no/such/file"], "neither a file nor a folder"),
        (["unpack", "rasa", "--bot", "nobody"], "There is no 'nobody'"),
        (["unpack", "model", "no/such/file"], "neither a file nor a folder"),
        (["schema", "versions", "demo_bot"], "There is no DuckDB at"),
    ],
)
def test_an_error_of_the_user_is_one_message_and_exit_code_1(arguments: list[str], message: str) -> None:
    result = parley(*arguments)
    assert result.returncode == 1
    assert message in " ".join(result.stderr.split())
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [(["up", "--port", "99999"], "or equal to 65535"), (["clean", "--days", "1000000"], "or equal to 36500")],
)
def test_a_number_beyond_all_bounds_is_refused(arguments: list[str], message: str) -> None:
    result = parley(*arguments)
    assert result.returncode == 2
    assert message in " ".join(result.stderr.replace("│", " ").split())
    assert "Traceback" not in result.stderr


def test_a_wrong_setting_is_one_message_and_exit_code_1(monkeypatch: pytest.MonkeyPatch, warehouse: Warehouse) -> None:
    del warehouse
    monkeypatch.setenv("WAREHOUSE", "oracle")
    result = parley("loads")
    assert result.returncode == 1
    assert "WAREHOUSE is 'oracle'" in result.stderr


@pytest.mark.usefixtures("warehouse")
@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("RS_SCHEMA", "rudder", "ecommerce has a source of its own"),
        ("SUPPORT_SOURCE", "/srv/desk", "support has a source of its own"),
        ("DEPLOY_ENV", "prod", "DEPLOY_ENV is prod"),
    ],
)
def test_the_demo_mixes_its_samples_with_nothing(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, message: str
) -> None:
    monkeypatch.setenv(name, value)
    result = parley("demo")
    assert result.returncode == 1
    assert message in " ".join(result.stderr.split())
    assert not Warehouse.from_env().exists()
