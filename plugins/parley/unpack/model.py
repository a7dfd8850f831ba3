"""A bot's models: what Rasa knows before anybody talks to it, and the rows it becomes.

A model is a row of `model` and, with the same `_record_hash`, of `domain`; each of its stories and rules is a row of
`stories` and `rules`. Rasa writes one thing in several ways, and names as keys. Here a thing has one form, and what has
a name is an item of a list with that `name`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from dlt.common.data_types import TDataType

from parley.unpack.contract import Contract, NotValidError, Row
from parley.unpack.csv_source import PROBLEM
from parley.unpack.model_source import TRAINING, read_models
from parley.unpack.rasa import with_type
from parley.unpack.sources import Record
from parley.unpack.values import canonical, digest, parse

# What is counted in the domain; the stories and rules are counted too.
COUNTED = ("intents", "entities", "slots", "forms", "responses", "actions")

KEYS: dict[str, TDataType] = {"model_id": "text", "_root_hash": "text"}
TABLES: dict[str, dict[str, TDataType]] = {
    "model": {
        **KEYS,
        "kind": "text",
        "name": "text",
        "trained_at": "timestamp",
        "rasa_version": "text",
        "assistant_id": "text",
        "language": "text",
        **{f"{what}_count": "bigint" for what in (*COUNTED, *TRAINING)},
    },
    "domain": KEYS,
    **{table: {**KEYS, "_pos": "bigint", "name": "text"} for table in TRAINING},
}
# In YAML a name or a text may look like a number.
TEXT_COLUMNS = re.compile("(^|_)(id|name|text|title|payload|value|version|kind|type)$")

# The keys that tell what a step of a story is; of a step with several the first.
STEPS = ("intent", "user", "action", "bot", "checkpoint", "active_loop", "slot_was_set", "or")
# What an entity in a step has beside its name.
BESIDE_ENTITY = ("role", "group")


@dataclass(frozen=True)
class Model:
    """A valid model.

    Attributes:
        record_hash: from its id: the same model again has the same.
        sequence: its id: the one that an archive has, and so its events; of a project, the hash of its content.
        content: the row of each table that has one of it; `stories` and `rules` have lists.
    """

    record_hash: str
    sequence: str
    content: dict[str, Any]

    @property
    def root(self) -> str:
        return "model"

    @classmethod
    def from_record(cls, record: Record) -> Model:
        """The model in a record.

        Raises:
            NotValidError: there is none, with the reason.
        """
        if problem := record.context.get(PROBLEM):
            raise NotValidError(problem)
        document = parse(record.text)
        metadata, domain = document["metadata"], _domain(document["domain"])
        training = {key: _training(key, document[key]) for key in TRAINING if key in document}
        if document["kind"] == "project":
            model_id = digest(canonical({key: value for key, value in document.items() if key != "name"}))
        else:
            model_id = metadata.get("model_id")
            if not isinstance(model_id, str) or not model_id:
                raise NotValidError("its metadata has no model_id")
        model = {
            **_metadata(metadata),
            "kind": document["kind"],
            "name": document["name"],
            **{f"{what}_count": len(domain[what]) for what in COUNTED},
            **{f"{what}_count": len(items) for what, items in training.items()},
        }
        return cls(digest(model_id.encode()), model_id, {"model": model, "domain": domain, **training})

    def rows(self, pos: int) -> list[Row]:
        """The rows of the model in all four tables."""
        del pos  # models have no order
        own = {"_record_hash": self.record_hash, "_root_hash": self.record_hash, "model_id": self.sequence}
        rows: list[Row] = [(table, self.content[table], own) for table in ("model", "domain")]
        for table in TRAINING:
            for number, item in enumerate(self.content.get(table, [])):
                key = digest(f"{self.sequence}\0{table}\0{number}".encode())
                rows.append((table, item, {**own, "_record_hash": key, "_root_hash": key, "_pos": number}))
        return rows


def _metadata(metadata: Mapping[str, Any]) -> dict[str, Any]:
    """What an archive's metadata.json or a project's config.yml says. The graphs of an archive become one list."""
    row = {key: value for key, value in metadata.items() if not key.endswith("_schema")}
    row["rasa_version"] = row.pop("rasa_open_source_version", None)
    row["trained_at"] = _time(row.get("trained_at"))
    for key in ("pipeline", "policies"):
        if key in row:
            row[key] = [item if isinstance(item, dict) else {"name": item} for item in _list(row[key], key)]
    row["components"] = [
        {
            **node,
            "graph": graph,
            "needs": [{"name": name, "node": by} for name, by in _pairs(node.get("needs"), "needs")],
        }
        for graph in ("train", "predict")
        for node in _named(_object(metadata.get(f"{graph}_schema"), f"{graph}_schema").get("nodes"), "nodes")
    ]
    return row


def _time(value: Any) -> datetime | None:
    """When it was trained; a time without zone is in UTC."""
    if value is None:
        return None
    try:
        if isinstance(value, int | float):
            return datetime.fromtimestamp(value, UTC)
        time = datetime.fromisoformat(value)
        return (time if time.tzinfo else time.replace(tzinfo=UTC)).astimezone(UTC)
    except (TypeError, ValueError, OverflowError, OSError) as error:
        raise NotValidError(f"trained_at '{value}' is not a time") from error


def _domain(content: Any) -> dict[str, Any]:
    domain = _object(content, "the domain")
    return {
        **domain,
        "intents": [_intent(item) for item in _named(domain.get("intents"), "intents")],
        "entities": _named(domain.get("entities"), "entities"),
        "slots": [_slot(item) for item in _named(domain.get("slots"), "slots")],
        "forms": [_form(item) for item in _named(domain.get("forms"), "forms")],
        "responses": [
            {"name": name, "variations": [_variation(item) for item in _list(items, name)]}
            for name, items in _pairs(domain.get("responses"), "responses")
        ],
        "actions": _named(domain.get("actions"), "actions"),
    }


def _intent(intent: dict[str, Any]) -> dict[str, Any]:
    """An empty list of entities, which has no rows, says that none is used."""
    return {key: False if value == [] else value for key, value in intent.items()}


def _slot(slot: dict[str, Any]) -> dict[str, Any]:
    slot = with_type(slot, "initial_value") if "initial_value" in slot else slot
    values = [with_type({"value": value}, "value") for value in _list(slot.get("values"), "values")]
    mappings = [_mapping(_object(mapping, "a mapping")) for mapping in _list(slot.get("mappings"), "mappings")]
    return {**slot, "values": values, "mappings": mappings}


def _mapping(mapping: dict[str, Any]) -> dict[str, Any]:
    """How a slot is filled."""
    mapping = with_type(mapping, "value") if "value" in mapping else dict(mapping)
    for key in ("intent", "not_intent"):
        if isinstance(mapping.get(key), str):
            mapping[key] = [mapping[key]]
    return mapping


def _form(form: dict[str, Any]) -> dict[str, Any]:
    """Rasa 2 has the mappings of the slots in the form."""
    slots = [
        {"name": name, "mappings": [_mapping(_object(item, "a mapping")) for item in _list(mappings, name)]}
        for name, mappings in _pairs(form.get("required_slots"), "required_slots")
    ]
    ignored = form.get("ignored_intents")
    return {**form, "required_slots": slots, "ignored_intents": [ignored] if isinstance(ignored, str) else ignored}


def _variation(variation: Any) -> dict[str, Any]:
    """One of the things that a response may say."""
    content = _object({"text": variation} if isinstance(variation, str) else variation, "a response")
    conditions = _list(content.get("condition"), "condition")
    return {**content, "condition": [with_type(_object(item, "a condition"), "value") for item in conditions]}


def _training(key: str, items: Any) -> list[dict[str, Any]]:
    """Stories or rules."""
    kind = "story" if key == "stories" else "rule"
    found = []
    for item in _list(items, key):
        content = dict(_object(item, f"a {kind}"))
        name = content.pop(kind, None)
        steps = [_step(step) for step in _list(content.pop("steps", None), "steps")]
        conditions = [_step(step) for step in _list(content.pop("condition", None), "condition")]
        found.append({"name": name, "steps": steps, "conditions": conditions, **content})
    return found


def _step(step: Any) -> dict[str, Any]:
    """A step of a story: its kind, its name, and what it has beside."""
    if not isinstance(step, dict):
        return {"kind": "text", "text": step}
    kind = next((kind for kind in STEPS if kind in step), "other")
    rest = {key: value for key, value in step.items() if key not in (kind, "entities", "slot_was_set")}
    if kind in ("user", "bot"):
        rest["text"] = step[kind]
    elif kind == "or":
        rest["alternatives"] = [_step(alternative) for alternative in _list(step["or"], "or")]
    elif kind in step and kind != "slot_was_set":
        rest["name"] = step[kind]
    if kind == "intent" and "user" in rest:
        rest["text"] = rest.pop("user")
    if "entities" in step:
        entities = _list(step["entities"], "entities")
        rest["entities"] = [entity for item in entities for entity in _values(item, BESIDE_ENTITY)]
    if "slot_was_set" in step:
        given = step["slot_was_set"]
        slots = [given] if isinstance(given, dict) else _list(given, "slot_was_set")
        rest["slots"] = [slot for item in slots for slot in _values(item)]
    return {"kind": kind, **rest}


def _values(item: Any, beside: tuple[str, ...] = ()) -> list[dict[str, Any]]:
    """An entity or a slot in a step: `city`, which is any value, `{city: Vienna}` or `{city: Vienna, role: from}`."""
    if not isinstance(item, dict):
        return [{"name": item}]
    more = {key: item[key] for key in beside if key in item}
    values = [with_type({"name": name, "value": value}, "value") for name, value in item.items() if name not in more]
    return [{**value, "value_type": value["value_type"] or "null", **more} for value in values]


def _pairs(entries: Any, what: str) -> list[tuple[str, Any]]:
    """Names, and what is said of each: of an object by name, or of a list in which each is a name alone or an object by
    name."""
    if not isinstance(entries, list):
        return list(_object(entries, what).items())
    return [
        (str(name), said)
        for item in entries
        for name, said in (item.items() if isinstance(item, dict) else [(item, None)])
    ]


def _named(entries: Any, what: str) -> list[dict[str, Any]]:
    """Things with names and settings, each as one object that has a `name`."""
    return [{**_object(settings, name), "name": name} for name, settings in _pairs(entries, what)]


def _object(value: Any, what: str) -> dict[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise NotValidError(f"{what} is not an object")
    return value


def _list(value: Any, what: str) -> list[Any]:
    if value is None:
        return []
    if not isinstance(value, list):
        raise NotValidError(f"{what} is not a list")
    return value


MODEL = Contract(read=read_models, parse=Model.from_record, sequences=None, tables=TABLES, text_columns=TEXT_COLUMNS)
