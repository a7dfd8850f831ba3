"""The bots: one file each in dags/bots/, read by the DAGs, the command line and the demo alike."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

import yaml

from parley import settings
from parley.errors import ConfigurationError
from parley.loads import Ledger

NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")


@dataclass(frozen=True)
class Bot:
    """A chatbot whose conversations become one semantic schema.

    Attributes:
        name: prefix of its raw schema: `<name>_event`.
        source: where `unpack_<name>` reads: a file or folder of NDJSON, or an SQLAlchemy URL of a Rasa tracker
            store. `$VARIABLES` in it are replaced from the environment, so that a URL with a password need
            not be in the file.
        destination: prefix of the schemas built for it; its name unless given.
        schedule, unpack_schedule: cron expressions, UTC.
        vars: variables of the dbt project that differ from dbt/dbt_project.yml.
    """

    name: str
    source: str
    destination: str = ""
    schedule: str = "0 7,18 * * *"
    unpack_schedule: str = "30 5,17 * * *"
    vars: dict[str, Any] = field(default_factory=dict)

    @property
    def raw_schema(self) -> str:
        return f"{self.name}_event"

    @property
    def chat_dag_id(self) -> str:
        return f"chat_{self.name}"

    @property
    def unpack_dag_id(self) -> str:
        return f"unpack_{self.name}"

    @property
    def dbt_vars(self) -> dict[str, Any]:
        """The variables that dbt gets for this bot."""
        prefixes = {"source_schema_prefix": self.name, "dest_schema_prefix": self.destination or self.name}
        return {**self.vars, **prefixes}

    @property
    def ledger(self) -> Ledger:
        return Ledger(self.raw_schema, f"{self.built_schema('staging')}.chat_load_ids")

    def built_schema(self, layer: str) -> str:
        """The schema that dbt builds a layer (`staging`, `views`) in; see dbt/macros/generate_schema_name.sql."""
        env = settings.deploy_env()
        suffix = "" if env in ("dev", "prod") else f"_{env}"
        return f"{self.destination or self.name}_{layer}{suffix}"

    def resolved_source(self) -> str:
        """`source` with its variables replaced; a path is taken from the project's root.

        Raises:
            ConfigurationError: a variable is not set.
        """
        source = os.path.expandvars(self.source)
        if missing := re.findall(r"\$\{?(\w+)", source):
            raise ConfigurationError(f"The source of bot '{self.name}' needs {', '.join(missing)}: set it in .env.")
        return source if "://" in source else str(settings.ROOT / source)


def load_bots(folder: Path = settings.BOTS) -> list[Bot]:
    """Every bot of the folder, by name.

    Raises:
        ConfigurationError: naming the file and what is wrong in it.
    """
    return [_read(path) for path in sorted(folder.glob("*.yml"))]


def get_bot(name: str, folder: Path = settings.BOTS) -> Bot:
    """The bot of that name.

    Raises:
        ConfigurationError: there is none.
    """
    bots = {bot.name: bot for bot in load_bots(folder)}
    if name not in bots:
        known = ", ".join(bots) or "none"
        raise ConfigurationError(f"There is no bot '{name}' in {folder} (there is: {known}). Add {name}.yml there.")
    return bots[name]


def _read(path: Path) -> Bot:
    try:
        content = yaml.safe_load(path.read_text())
    except yaml.YAMLError as error:
        raise ConfigurationError(f"{path} is not valid YAML: {error}") from error
    if not isinstance(content, dict):
        raise ConfigurationError(f"{path} holds no settings. Write at least 'source: ...' into it.")
    known = {item.name for item in fields(Bot)} - {"name"}
    if unknown := set(content) - known:
        raise ConfigurationError(f"{path} has unknown settings {sorted(unknown)}. Known are {sorted(known)}.")
    if not content.get("source"):
        raise ConfigurationError(f"{path} has no 'source'. Name a folder of NDJSON or the URL of a tracker store.")
    for name in filter(None, (path.stem, content.get("destination"))):
        if not NAME.fullmatch(name):
            raise ConfigurationError(
                f"{path}: '{name}' becomes part of schema names. Use lower case letters, digits and _, 40 at most."
            )
    return Bot(name=path.stem, **content)
