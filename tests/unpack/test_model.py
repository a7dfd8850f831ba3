"""Rasa projects and model archives: what a model is, and the tables it becomes."""

from __future__ import annotations

import io
import json
import shutil
import tarfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from parley import settings
from parley.errors import ConfigurationError, UnpackError
from parley.pipelines import bot, shop
from parley.unpack.contract import NotValidError
from parley.unpack.domains import unpack_new_models
from parley.unpack.landing import Result
from parley.unpack.model import Model
from parley.unpack.model_source import read_models
from parley.warehouse import Warehouse

BOT = bot("demo_bot", source="unused")
SCHEMA = BOT.model_schema
SAMPLE = settings.ROOT / "sample_data" / "chat_bot"
METADATA: dict[str, Any] = {
    "model_id": "m1",
    "trained_at": "2024-01-31T12:00:00.5",
    "rasa_open_source_version": "3.6.21",
    "domain": {"intents": ["greet"]},
}


def archive(path: Path, metadata: Any, **files: str) -> Path:
    """A model archive; other files by the last part of their name."""
    contents = {"metadata.json": json.dumps(metadata)} if metadata is not None else {}
    contents |= {"components/domain_provider/domain.yml": files["domain"]} if "domain" in files else {}
    with tarfile.open(path, "w:gz") as tar:
        for name, text in contents.items():
            member = tarfile.TarInfo(f"./{name}")
            member.size = len(text.encode())
            tar.addfile(member, io.BytesIO(text.encode()))
    return path


def project(folder: Path, **files: str) -> Path:
    """A Rasa project: its files by their path, with `__` for `/` and without `.yml`."""
    for name, text in files.items():
        path = folder / f"{name.replace('__', '/')}.yml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


def model(source: Path) -> Model:
    [record] = read_models(str(source))
    return Model.from_record(record)


def land(warehouse: Warehouse, source: Path, *, strict: bool = False) -> Result:
    return unpack_new_models(BOT, warehouse, str(source), strict=strict)


def test_the_sample_lands_once_and_whole(warehouse: Warehouse) -> None:
    result = land(warehouse, SAMPLE)
    assert (result.landed, result.set_aside.total()) == (3, 0)
    again = land(warehouse, SAMPLE)
    assert (again.load_id, again.repeated) == (None, 3)
    with warehouse.connect() as connection:
        connection.query("set timezone = 'UTC'")
        counts = "intents_count, entities_count, slots_count, forms_count, responses_count, actions_count"
        rows = connection.query(
            f"select kind, name, trained_at, rasa_version, language, {counts}, stories_count, rules_count "
            f"from {SCHEMA}.model order by 1, 2"
        )
        counted = (16, 4, 8, 1, 17)
        # What `rasa train` writes names the slots' validation among the actions; stories are not in it.
        times = [datetime(2024, 1, 5, 9, 15, 12, 402118, UTC), datetime(2024, 1, 19, 16, 40, 3, 118254, UTC)]
        assert [(*row[:2], row[2].astimezone(UTC), *row[3:]) for row in rows[:2]] == [
            ("archive", "20240105-091512-brisk-pedal", times[0], "3.6.21", "en", *counted, 8, None, None),
            ("archive", "20240119-164003-calm-spoke", times[1], "3.6.21", "en", *counted, 8, None, None),
        ]
        assert rows[2][:2] == ("project", "chat_bot")
        assert rows[2][2:5] == (None, None, "en")
        assert rows[2][-2:] == (3, 12)
        one = (
            f"from {SCHEMA}.domain__intents as item join {SCHEMA}.model using (_root_hash) where model.kind = 'project'"
        )
        assert connection.query(f"select count(*), min(item._pos), max(item._pos) {one}") == [(16, 0, 15)]
        steps = connection.query(
            f"select step.kind, step.name from {SCHEMA}.stories__steps as step "
            f"join {SCHEMA}.stories as story on step._parent_hash = story._record_hash "
            "where story.name = 'sad 1' order by step._pos"
        )
        assert steps[:3] == [("intent", "greet"), ("action", "utter_greet"), ("intent", "mood_unhappy")]
        assert len(steps) == 7
        loads = connection.query(f"select distinct _load_id from {SCHEMA}.model")
        assert connection.query(f"select load_id, status from {SCHEMA}._loads") == [(*loads[0], 0)]


def test_a_model_is_its_id_and_a_project_its_content(warehouse: Warehouse, tmp_path: Path) -> None:
    assert land(warehouse, archive(tmp_path / "one.tar.gz", METADATA)).landed == 1
    assert land(warehouse, archive(tmp_path / "copy.tar.gz", METADATA)).repeated == 1
    assert land(warehouse, archive(tmp_path / "two.tar.gz", {**METADATA, "model_id": "m2"})).landed == 1

    first = project(tmp_path / "first", domain="intents: [greet]", data__rules="rules: [{rule: a, steps: []}]")
    assert land(warehouse, first).landed == 1
    moved = Path(shutil.move(first, tmp_path / "moved"))
    assert land(warehouse, moved).repeated == 1
    (moved / "data" / "rules.yml").write_text("rules: [{rule: b, steps: []}]")
    assert land(warehouse, moved).landed == 1
    with warehouse.connect() as connection:
        rows = connection.query(f"select model_id, name, kind from {SCHEMA}.model where kind = 'archive' order by 1")
        assert rows == [("m1", "one", "archive"), ("m2", "two", "archive")]
        ids = f"select count(distinct model_id) from {SCHEMA}.model where kind = 'project'"
        assert connection.query(ids) == [(2,)]


def test_one_thing_has_one_form(tmp_path: Path) -> None:
    domain = """
        intents: [greet, {faq: {is_retrieval_intent: true}}, {no: {use_entities: []}}, {bye: {use_entities: [city]}}]
        entities: [date, {city: {roles: [from, to]}}]
        slots:
          size: {type: categorical, values: [1, yes, true], initial_value: 2, mappings: [
            {type: from_intent, intent: affirm, value: true}, {type: from_intent, not_intent: [a, b], value: x}]}
          bare:
        forms:
          new_form: {required_slots: [size], ignored_intents: stop}
          old_form: {required_slots: {size: [{type: from_text}]}}
          bare_form:
        responses:
          utter_a: [{text: A, condition: [{type: slot, name: size, value: 5}]}, text only]
          utter_none:
        actions: [action_a, {action_b: {send_domain: true}}]
    """
    content = model(project(tmp_path, domain=domain)).content["domain"]
    assert content["intents"] == [
        {"name": "greet"},
        {"name": "faq", "is_retrieval_intent": True},
        {"name": "no", "use_entities": False},
        {"name": "bye", "use_entities": ["city"]},
    ]
    assert content["entities"] == [{"name": "date"}, {"name": "city", "roles": ["from", "to"]}]
    size, bare = content["slots"]
    assert (size["initial_value"], size["initial_value_type"]) == ("2", "number")
    assert [(value["value"], value["value_type"]) for value in size["values"]] == [
        ("1", "number"),
        ("yes", "string"),
        ("true", "boolean"),
    ]
    assert [mapping.get("intent") or mapping["not_intent"] for mapping in size["mappings"]] == [["affirm"], ["a", "b"]]
    assert [(mapping["value"], mapping["value_type"]) for mapping in size["mappings"]] == [
        ("true", "boolean"),
        ("x", "string"),
    ]
    assert bare["name"] == "bare"
    assert [form["name"] for form in content["forms"]] == ["new_form", "old_form", "bare_form"]
    assert content["forms"][0]["required_slots"] == [{"name": "size", "mappings": []}]
    assert content["forms"][0]["ignored_intents"] == ["stop"]
    assert content["forms"][1]["required_slots"] == [{"name": "size", "mappings": [{"type": "from_text"}]}]
    first, second = content["responses"][0]["variations"]
    assert first["condition"] == [{"type": "slot", "name": "size", "value": "5", "value_type": "number"}]
    assert second["text"] == "text only"
    assert content["responses"][1] == {"name": "utter_none", "variations": []}
    assert content["actions"] == [{"name": "action_a"}, {"name": "action_b", "send_domain": True}]


def test_every_kind_of_step_has_its_kind_and_name(tmp_path: Path) -> None:
    stories = """
        stories:
        - story: all
          metadata: {by: ada}
          steps:
          - intent: inform
            user: to Vienna
            entities: [date, {city: Vienna, role: to}]
          - user: hello
          - action: utter_a
          - bot: hi
          - checkpoint: here
            slot_was_set: [size]
          - active_loop: null
          - slot_was_set: [{size: 5}, {city: null}, colour]
          - slot_was_set: {size: big}
          - or: [{intent: yes}, {slot_was_set: [{size: 1}]}]
          - ...
    """
    rules = "rules: [{rule: r, condition: [{active_loop: f}], wait_for_user_input: false, steps: [{action: a}]}]"
    found = model(project(tmp_path, domain="intents: []", data__deep__stories=stories, data__rules=rules)).content
    [story] = found["stories"]
    assert (story["name"], story["metadata"]) == ("all", {"by": "ada"})
    size = {"name": "size", "value": "5", "value_type": "number"}
    city = {"name": "city", "value": None, "value_type": "null"}
    assert story["steps"] == [
        {
            "kind": "intent",
            "name": "inform",
            "text": "to Vienna",
            "entities": [{"name": "date"}, {"name": "city", "value": "Vienna", "value_type": "string", "role": "to"}],
        },
        {"kind": "user", "text": "hello"},
        {"kind": "action", "name": "utter_a"},
        {"kind": "bot", "text": "hi"},
        {"kind": "checkpoint", "name": "here", "slots": [{"name": "size"}]},
        {"kind": "active_loop", "name": None},
        {"kind": "slot_was_set", "slots": [size, city, {"name": "colour"}]},
        {"kind": "slot_was_set", "slots": [{"name": "size", "value": "big", "value_type": "string"}]},
        {
            "kind": "or",
            "alternatives": [
                {"kind": "intent", "name": "yes"},
                {"kind": "slot_was_set", "slots": [{"name": "size", "value": "1", "value_type": "number"}]},
            ],
        },
        {"kind": "text", "text": "..."},
    ]
    [rule] = found["rules"]
    assert rule == {
        "name": "r",
        "steps": [{"kind": "action", "name": "a"}],
        "conditions": [{"kind": "active_loop", "name": "f"}],
        "wait_for_user_input": False,
    }


def test_a_domain_in_several_files_is_one(tmp_path: Path) -> None:
    files = {
        "domain__a": "version: '3.1'\nintents: [greet]\nslots: {one: {type: text}}",
        "domain__b__c": "version: '3.1'\nintents: [bye]\nslots: {two: {type: text}}\nactions: [x]",
        "config": "language: de\npipeline: [{name: DIETClassifier, epochs: 5}, plain]",
    }
    found = model(project(tmp_path, **files)).content
    assert [item["name"] for item in found["domain"]["intents"]] == ["greet", "bye"]
    assert [item["name"] for item in found["domain"]["slots"]] == ["one", "two"]
    assert found["model"]["language"] == "de"
    assert found["model"]["pipeline"] == [{"name": "DIETClassifier", "epochs": 5}, {"name": "plain"}]


def test_the_domain_of_an_archive_may_be_in_a_file_of_its_own(tmp_path: Path) -> None:
    metadata = {key: value for key, value in METADATA.items() if key != "domain"}
    found = model(archive(tmp_path / "m.tar.gz", metadata, domain="intents: [no, on]\nversion: 3.10")).content["domain"]
    assert [item["name"] for item in found["intents"]] == ["no", "on"]


def test_a_model_that_is_broken_is_set_aside_and_the_others_land(warehouse: Warehouse, tmp_path: Path) -> None:
    archive(tmp_path / "good.tar.gz", METADATA)
    (tmp_path / "broken.tar.gz").write_bytes(b"no archive")
    (tmp_path / "cut.tar.gz").write_bytes((tmp_path / "good.tar.gz").read_bytes()[:100])
    archive(tmp_path / "old.tar.gz", None)
    with pytest.raises(UnpackError, match=r"broken\.tar\.gz.* cannot|broken\.tar\.gz.*not a \.tar\.gz"):
        land(warehouse, tmp_path, strict=True)
    result = land(warehouse, tmp_path)
    assert (result.landed, result.set_aside.total()) == (1, 3)
    assert land(warehouse, tmp_path).load_id is None
    with warehouse.connect() as connection:
        assert connection.query(f"select model_id from {SCHEMA}.model") == [("m1",)]
        reasons = dict(connection.query(f"select place, reason from {SCHEMA}.quarantine"))
    assert reasons["old.tar.gz"] == "no model of Rasa 3: there is no metadata.json in it"


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"model_id": ""}, "no model_id"),
        ({"trained_at": "yesterday"}, "'yesterday' is not a time"),
        ({"domain": {"intents": 5}}, "intents is not an object"),
        ({"domain": {"forms": {"f": [1]}}}, "f is not an object"),
        ({"domain": {"responses": {"utter_a": {}}}}, "utter_a is not a list"),
    ],
)
def test_what_is_wrong_in_an_archive_is_said(tmp_path: Path, change: dict[str, Any], reason: str) -> None:
    with pytest.raises(NotValidError, match=reason):
        model(archive(tmp_path / "m.tar.gz", {**METADATA, **change}))


@pytest.mark.parametrize(
    ("files", "reason"),
    [
        ({"domain": "intents: ["}, r"domain\.yml is not valid YAML"),
        ({"domain": "- a"}, r"domain\.yml does not hold an object"),
        ({"domain": "intents: []", "data__s": "stories: 5"}, r"data/s\.yml: 'stories' is not a list"),
    ],
)
def test_what_is_wrong_in_a_project_is_said(tmp_path: Path, files: dict[str, str], reason: str) -> None:
    with pytest.raises(NotValidError, match=reason):
        model(project(tmp_path, **files))


def test_a_place_without_a_model_is_said(warehouse: Warehouse, tmp_path: Path) -> None:
    with pytest.raises(UnpackError, match="neither a domain"):
        land(warehouse, tmp_path)
    with pytest.raises(UnpackError, match="neither a file nor a folder"):
        land(warehouse, tmp_path / "nowhere")
    with pytest.raises(ConfigurationError, match=r"set 'model' in demo_bot\.yml"):
        unpack_new_models(BOT, warehouse)
    with pytest.raises(ConfigurationError, match="is no bot"):
        unpack_new_models(shop(), warehouse, str(tmp_path))
