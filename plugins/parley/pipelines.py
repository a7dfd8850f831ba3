"""What Parley runs: one pipeline for each bot, one for the shop, one for the support desk.

Read by the DAGs, the command line, the pages and the demo alike.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import yaml
from croniter import CroniterError, croniter

from parley import secrets, settings
from parley.errors import ConfigurationError
from parley.loads import Ledger

Domain = Literal["chat", "ecommerce", "support"]

# The one DAG that is of no pipeline.
PUBLISH_DAG_ID = "publish"
NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")
VARIABLE = re.compile(r"\$\{?(\w+)")


@dataclass(frozen=True, kw_only=True)
class Pipeline:
    """A source, the raw schema it is unpacked into, and the schemas that dbt builds of that.

    Attributes:
        name: of the bot, or of the domain where there is one pipeline only.
        domain: the folder of its models in dbt/models, and the kind of its source.
        raw_schema: where it is unpacked into.
        source: where `unpack_<name>` reads: a file or folder, or an SQLAlchemy URL. `$VARIABLES` in it are replaced
            from the environment, so that a URL with a password need not be in a file. Empty: something else, such as
            RudderStack, writes the raw schema, and what has arrived there is registered as a load.
        model: where `unpack_<name>` reads a bot's models: a Rasa project, a model archive or a folder of these. Empty:
            nowhere.
        destination: prefix of the schemas built for it.
        needs_loads: a run that finds no new loads is skipped. Else it goes on without: features age by the day.
        schedule, unpack_schedule: cron expressions, UTC.
        deadline_minutes: how long after its scheduled time a run has to be done.
        vars: variables of the dbt project that differ from dbt/dbt_project.yml.
    """

    name: str
    domain: Domain
    raw_schema: str
    source: str
    destination: str
    needs_loads: bool = True
    schedule: str = "0 7,18 * * *"
    unpack_schedule: str = "30 5,17 * * *"
    deadline_minutes: int = 60
    vars: dict[str, Any] = field(default_factory=dict)
    model: str = ""

    @property
    def dag_id(self) -> str:
        return self.domain if self.domain == self.name else f"{self.domain}_{self.name}"

    @property
    def unpack_dag_id(self) -> str:
        return f"unpack_{self.name}"

    @property
    def model_schema(self) -> str:
        """Where a bot's models are unpacked into."""
        return f"{self.name}_model"

    @property
    def dbt_vars(self) -> dict[str, Any]:
        """The variables that dbt gets for this pipeline."""
        if self.domain == "chat":
            return {**self.vars, "source_schema_prefix": self.name, "dest_schema_prefix": self.destination}
        if self.domain == "ecommerce":
            return {**self.vars, "rs_schema": self.raw_schema}
        return self.vars

    @property
    def ledger(self) -> Ledger:
        return Ledger(self.raw_schema, f"{self.built_schema('staging')}.{self.domain}_load_ids")

    @property
    def marts_schema(self) -> str:
        return self.built_schema("views" if self.domain == "chat" else "marts")

    def built_schema(self, layer: str) -> str:
        """The schema that dbt builds a layer (`staging`, `views`) in; see dbt/macros/generate_schema_name.sql."""
        suffix = settings.schema_suffix()
        return f"{self.destination}_{layer}{'_' if suffix else ''}{suffix}"

    def resolved_source(self) -> str:
        """`source` with its variables replaced; a path is taken from the project's root.

        Raises:
            ConfigurationError: a variable is not set.
        """
        return self._resolved(self.source)

    def resolved_model(self) -> str:
        """`model`, likewise."""
        return self._resolved(self.model)

    def secrets(self) -> list[str]:
        """What a log must not show: the values of the variables in `source` and `model`.

        Raises:
            ConfigurationError: the file of one cannot be read.
        """
        names = self.variables()
        secrets.from_files(os.environ, *names)
        return [value for name in names if (value := os.environ.get(name))]

    def variables(self) -> list[str]:
        """The names of the variables in `source` and `model`."""
        return VARIABLE.findall(self.source) + VARIABLE.findall(self.model)

    def _resolved(self, source: str) -> str:
        names = VARIABLE.findall(source)
        secrets.from_files(os.environ, *names)
        if missing := [name for name in names if name not in os.environ]:
            raise ConfigurationError(f"The source of '{self.name}' needs {', '.join(missing)}: set it in .env.")
        expanded = os.path.expandvars(source)
        return expanded if "://" in expanded else str(settings.ROOT / expanded)


def bot(
    name: str,
    *,
    source: str,
    destination: str = "",
    schedule: str = Pipeline.schedule,
    unpack_schedule: str = Pipeline.unpack_schedule,
    deadline_minutes: int = Pipeline.deadline_minutes,
    vars: dict[str, Any] | None = None,
    model: str = "",
) -> Pipeline:
    """The pipeline of a chatbot; the arguments are the settings of its file in dags/bots/."""
    return Pipeline(
        name=name,
        domain="chat",
        raw_schema=f"{name}_event",
        source=source,
        destination=destination or name,
        schedule=schedule,
        unpack_schedule=unpack_schedule,
        deadline_minutes=deadline_minutes,
        vars=vars or {},
        model=model,
    )


# The settings of a bot's file, and what they are.
BOT_SETTINGS: Mapping[str, type] = {
    "source": str,
    "model": str,
    "destination": str,
    "schedule": str,
    "unpack_schedule": str,
    "deadline_minutes": int,
    "vars": dict,
}
KINDS = {str: "a text", int: "a number", dict: "names and values"}
SCHEDULES = ("schedule", "unpack_schedule")
DEADLINE_MINUTES = range(1, 24 * 60 + 1)


def shop() -> Pipeline:
    """The pipeline of the web shop's events: unpacked from ECOMMERCE_SOURCE, or written to RS_SCHEMA by RudderStack.

    There the column RS_LOAD_TIMESTAMP says when a row was loaded.
    """
    load_timestamp = os.environ.get("RS_LOAD_TIMESTAMP")
    return Pipeline(
        name="ecommerce",
        domain="ecommerce",
        raw_schema=os.environ.get("RS_SCHEMA") or "ecommerce_raw",
        source="" if os.environ.get("RS_SCHEMA") else os.environ.get("ECOMMERCE_SOURCE") or "sample_data/ecommerce",
        destination="ecommerce",
        needs_loads=False,
        vars={"rs_load_timestamp": load_timestamp} if load_timestamp else {},
    )


def support_desk() -> Pipeline:
    """The pipeline of the support desk's conversations."""
    return Pipeline(
        name="support",
        domain="support",
        raw_schema="support_raw",
        source=os.environ.get("SUPPORT_SOURCE") or "sample_data/support",
        destination="support",
    )


def domains() -> list[Pipeline]:
    """The pipelines of the domains that have one only."""
    return [shop(), support_desk()]


def read_bots(folder: Path = settings.BOTS) -> tuple[list[Pipeline], dict[str, ConfigurationError]]:
    """The bots of the folder, by name; and for each bot whose file is wrong what is wrong in it, which is not there."""
    bots: dict[str, Pipeline] = {}
    wrong: dict[str, ConfigurationError] = {}
    for path in sorted(folder.glob("*.yml")):
        # Not a bot, but what an editor or a file system keeps beside it.
        if path.name.startswith("."):
            continue
        try:
            bots[path.stem] = _read_bot(path)
        except ConfigurationError as error:
            wrong[path.stem] = error
    for destination in {made.destination for made in bots.values()}:
        names = [name for name, made in bots.items() if made.destination == destination]
        if len(names) > 1:
            same = ConfigurationError(
                f"The bots {' and '.join(map(repr, names))} have the same destination '{destination}': each would "
                "replace what the other has built. Give each its own, in its file."
            )
            wrong |= dict.fromkeys(names, same)
    return [made for name, made in bots.items() if name not in wrong], wrong


def load_bots(folder: Path = settings.BOTS) -> list[Pipeline]:
    """Every bot of the folder, by name.

    Raises:
        ConfigurationError: naming the file and what is wrong in it.
    """
    bots, wrong = read_bots(folder)
    for error in wrong.values():
        raise error
    return bots


def load_pipelines() -> list[Pipeline]:
    """Every pipeline there is: the bots, then the other domains.

    Raises:
        ConfigurationError: the file of a bot is wrong.
    """
    return [*load_bots(), *domains()]


def working_pipelines() -> list[Pipeline]:
    """Those that can run. A wrong file of a bot holds up neither the other bots nor the other domains."""
    return [*read_bots()[0], *domains()]


def get_pipeline(name: str) -> Pipeline:
    """The pipeline of that name.

    Raises:
        ConfigurationError: there is none, or its file is wrong.
    """
    bots, wrong = read_bots()
    if name in wrong:
        raise wrong[name]
    pipelines = {pipeline.name: pipeline for pipeline in (*bots, *domains())}
    if name not in pipelines:
        raise ConfigurationError(
            f"There is no '{name}' (there is: {', '.join(pipelines)}). A bot is a file {name}.yml in {settings.BOTS}."
        )
    return pipelines[name]


def _read_bot(path: Path) -> Pipeline:
    content = _read_settings(path)
    if not content.get("source"):
        raise ConfigurationError(f"{path} has no 'source'. Name a folder of NDJSON or the URL of a tracker store.")
    for name, value in content.get("vars", {}).items():
        _check_variable(path, name, value)
    for name in SCHEDULES:
        if name in content:
            _check_schedule(path, name, content[name])
    if content.get("deadline_minutes", DEADLINE_MINUTES[0]) not in DEADLINE_MINUTES:
        minutes = content["deadline_minutes"]
        raise ConfigurationError(f"{path}: deadline_minutes is {minutes}. Give a number from 1 to 1440, a day.")
    for name in filter(None, (path.stem, content.get("destination"))):
        if not NAME.fullmatch(name):
            raise ConfigurationError(
                f"{path}: '{name}' becomes part of schema names. Use lower case letters, digits and _, 40 at most."
            )
        if name in {pipeline.name for pipeline in domains()}:
            raise ConfigurationError(f"{path}: '{name}' is the name of a domain. Give the bot another.")
    return bot(path.stem, **content)


def _read_settings(path: Path) -> dict[str, Any]:
    """The settings in a bot's file, each of its type."""
    try:
        content = yaml.safe_load(path.read_text())
    except yaml.YAMLError as error:
        raise ConfigurationError(f"{path} is not valid YAML: {error}") from error
    # The second: it is not in UTF-8, or has a date such as 2024-02-30.
    except (OSError, ValueError) as error:
        raise ConfigurationError(f"{path} cannot be read: {error}") from error
    if not isinstance(content, dict):
        raise ConfigurationError(f"{path} holds no settings. Write at least 'source: ...' into it.")
    if unknown := sorted(str(name) for name in set(content) - set(BOT_SETTINGS)):
        raise ConfigurationError(f"{path} has unknown settings {unknown}. Known are {sorted(BOT_SETTINGS)}.")
    for name, value in content.items():
        # To Python, true and false are numbers.
        if not isinstance(value, BOT_SETTINGS[name]) or isinstance(value, bool):
            raise ConfigurationError(f"{path}: {name} is {value!r}. Give {KINDS[BOT_SETTINGS[name]]}.")
    return content


def _check_variable(path: Path, name: Any, value: Any) -> None:
    """dbt gets its variables as JSON, which knows fewer types than YAML."""
    try:
        json.dumps({name: value}, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise ConfigurationError(
            f"{path}: {name} of vars is {value}, which dbt cannot be given: {error}. Put it into quotes: '2024-01-01'."
        ) from error


def _check_schedule(path: Path, name: str, value: str) -> None:
    """What Airflow does when it has read a DAG file, all of whose DAGs it gives up for one that is wrong."""
    try:
        # Airflow goes through the times of a schedule with the same.
        croniter(value, datetime.now(UTC)).get_next(datetime)
    except CroniterError as error:
        raise ConfigurationError(
            f"{path}: {name} is '{value}', which is no time: {error}. Give five fields of cron, minute, hour, day of "
            f"the month, month, day of the week: '{getattr(Pipeline, name)}'."
        ) from error
