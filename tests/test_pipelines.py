"""A bot's file, and what is said when it is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from parley import settings
from parley.dbt import dbt_env
from parley.errors import ConfigurationError
from parley.pipelines import bot, get_pipeline, load_bots, load_pipelines, read_bots, shop, working_pipelines


def test_a_bot_is_its_file(tmp_path: Path) -> None:
    (tmp_path / "helpdesk.yml").write_text("source: events/\ndestination: desk\nvars: {user_id: metadata__user_id}\n")
    [helpdesk] = load_bots(tmp_path)
    assert helpdesk == bot("helpdesk", source="events/", destination="desk", vars={"user_id": "metadata__user_id"})
    assert helpdesk.raw_schema == "helpdesk_event"
    assert helpdesk.marts_schema == "desk_views"
    assert helpdesk.dbt_vars == {
        "source_schema_prefix": "helpdesk",
        "dest_schema_prefix": "desk",
        "user_id": "metadata__user_id",
    }


def test_a_bot_may_say_where_its_models_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "helpdesk.yml").write_text("source: events/\nmodel: $MODELS/helpdesk\n")
    [helpdesk] = load_bots(tmp_path)
    assert helpdesk.model_schema == "helpdesk_model"
    monkeypatch.setenv("MODELS", "/srv/models")
    assert helpdesk.resolved_model() == "/srv/models/helpdesk"


@pytest.mark.parametrize(
    ("env", "schema"), [("", "b_views"), ("dev", "b_views"), ("prod", "b_views"), ("staging", "b_views_staging")]
)
def test_the_environment_is_a_suffix_of_what_is_built(monkeypatch: pytest.MonkeyPatch, env: str, schema: str) -> None:
    monkeypatch.setenv("DEPLOY_ENV", env)
    assert bot("b", source="s").marts_schema == schema


def test_a_source_may_keep_its_password_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    b = bot("b", source="postgresql://rasa:${RASA_PASSWORD}@db/rasa")
    with pytest.raises(ConfigurationError, match="needs RASA_PASSWORD"):
        b.resolved_source()
    monkeypatch.setenv("RASA_PASSWORD", "hunter2")
    assert b.resolved_source() == "postgresql://rasa:hunter2@db/rasa"


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("b.yml", "source: [", "not valid YAML"),
        ("b.yml", "", "holds no settings"),
        ("b.yml", "vars: {}", "no 'source'"),
        ("b.yml", "source: x\ndeadline_minutes: soon", "deadline_minutes is 'soon'. Give a number"),
        ("b.yml", "1: x\nscedule: x", "unknown settings \\['1', 'scedule'\\]"),
        ("b.yml", "source: x\nvars: {since: 2024-02-30}", "cannot be read: day is out of range"),
        ("b.yml", "source: x\nvars: {since: 2024-01-01}", "since of vars is 2024-01-01.*Put it into quotes"),
        ("b.yml", "source: x\nvars: {deep: [{at: 2024-01-01 07:00:00}]}", "deep of vars is"),
        ("b.yml", "source: x\nvars: {share: .nan}", "share of vars is nan"),
        ("b.yml", "source: x\ndeadline_minutes: 0", "deadline_minutes is 0. Give a number from 1 to 1440"),
        ("b.yml", "source: x\ndeadline_minutes: -5", "deadline_minutes is -5. Give a number from 1"),
        ("b.yml", "source: x\ndeadline_minutes: true", "deadline_minutes is True. Give a number"),
        ("b.yml", "source: x\nschedule: 0 7,18 * *", r"schedule is '0 7,18 \* \*'.*Give five fields of cron"),
        ("b.yml", "source: x\nunpack_schedule: 0 25 * * *", r"unpack_schedule is '0 25 \* \* \*'.*out of range"),
        ("b.yml", "source: x\nschedule: 0 0 31 2 *", "failed to find next date"),
        ("b.yml", "source: x\nschedule: ''", "schedule is ''"),
        ("b.yml", "source: x\nscedule: '@daily'", "unknown settings \\['scedule'\\]"),
        ("My-Bot.yml", "source: x", "'My-Bot' becomes part of schema names"),
        ("support.yml", "source: x", "'support' is the name of a domain"),
        ("b.yml", "source: x\ndestination: 'a; drop'", "'a; drop' becomes part of schema names"),
    ],
)
def test_a_wrong_file_says_which_and_what(tmp_path: Path, name: str, content: str, message: str) -> None:
    (tmp_path / name).write_text(content)
    with pytest.raises(ConfigurationError, match=message) as error:
        load_bots(tmp_path)
    assert name in str(error.value)


def test_a_file_that_cannot_be_read_says_which_and_why(tmp_path: Path) -> None:
    (tmp_path / "latin.yml").write_bytes("source: Straße".encode("latin-1"))
    (tmp_path / "gone.yml").symlink_to("nowhere")
    (tmp_path / "folder.yml").mkdir()
    bots, wrong = read_bots(tmp_path)
    assert bots == []
    assert {name: str(why).split("cannot be read: ")[1][:9] for name, why in wrong.items()} == {
        "folder": "[Errno 21",
        "gone": "[Errno 2]",
        "latin": "'utf-8' c",
    }


def test_hidden_files_are_no_bots(tmp_path: Path) -> None:
    """Emacs' link to who edits a file, and macOS' attributes of one."""
    (tmp_path / ".#helpdesk.yml").symlink_to("ada@host.4711:1795738056")
    (tmp_path / "._helpdesk.yml").write_bytes(b"\x00\x05\x16\x07\x00\x02\x00\x00Mac OS X\xb0")
    (tmp_path / "helpdesk.yml").write_text("source: events\n")
    assert [made.name for made in load_bots(tmp_path)] == ["helpdesk"]


def test_dbt_is_told_where_rudderstack_writes(monkeypatch: pytest.MonkeyPatch) -> None:
    assert shop().dbt_vars == {"rs_schema": "ecommerce_raw"}
    monkeypatch.setenv("RS_SCHEMA", "rudder")
    monkeypatch.setenv("RS_LOAD_TIMESTAMP", "loaded_at")
    assert shop().dbt_vars == {"rs_schema": "rudder", "rs_load_timestamp": "loaded_at"}
    assert not shop().source


def test_what_is_set_to_nothing_is_for_dbt_what_it_is_for_us(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("WAREHOUSE", "DEPLOY_ENV"):
        monkeypatch.setenv(name, "")
    env = dbt_env()
    assert (env["WAREHOUSE"], env["DEPLOY_ENV"]) == ("duckdb", "dev")


def test_an_unknown_bot_is_told_which_there_are() -> None:
    with pytest.raises(ConfigurationError, match=r"no 'nobody'.*demo_bot.*nobody\.yml"):
        get_pipeline("nobody")


def test_two_bots_with_one_destination_are_refused(tmp_path: Path) -> None:
    for name in ("helper", "seller"):
        (tmp_path / f"{name}.yml").write_text("source: events\ndestination: desk\n")
    (tmp_path / "teller.yml").write_text("source: events\n")
    with pytest.raises(ConfigurationError, match="'helper' and 'seller' have the same destination 'desk'"):
        load_bots(tmp_path)
    # Both: the new one may come first in the alphabet.
    bots, wrong = read_bots(tmp_path)
    assert ([made.name for made in bots], sorted(wrong)) == (["teller"], ["helper", "seller"])


def test_a_wrong_file_of_a_bot_holds_nothing_else_up() -> None:
    wrong = settings.BOTS / "wrong.yml"
    wrong.write_text("sauce: sample_data/chat\n")
    try:
        assert [pipeline.name for pipeline in working_pipelines()] == ["demo_bot", "ecommerce", "support"]
        assert get_pipeline("demo_bot").domain == "chat"
        with pytest.raises(ConfigurationError, match="sauce"):
            get_pipeline("wrong")
        with pytest.raises(ConfigurationError, match="sauce"):
            load_pipelines()
    finally:
        wrong.unlink()
