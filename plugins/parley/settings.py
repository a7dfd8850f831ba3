"""Where Parley lives on disk and which environment it runs as.

Everything Parley writes is under `ROOT`: the DuckDB warehouse, Airflow's home, dlt's state, dbt's targets. Where the
project's folder cannot be written to, `PARLEY_STATE` names another folder for what is written while it runs.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Mapping
from pathlib import Path

from dotenv import load_dotenv

from parley.errors import ConfigurationError

ROOT = Path(os.environ.get("PARLEY_ROOT") or Path(__file__).resolve().parents[2])
# A variable that is set wins over the file, as with docker compose.
load_dotenv(ROOT / ".env")
STATE = ROOT / (os.environ.get("PARLEY_STATE") or ".parley")
# The manifests belong to the code, not to what it does: they are made where it is installed, and only read after that.
MANIFESTS = ROOT / ".parley" / "dbt"
DBT_PROJECT = ROOT / "dbt"
# Where dbt, airflow and mkdocs are: beside the Python that runs this, whatever PATH says.
BIN = Path(sys.executable).parent
BOTS = ROOT / "dags" / "bots"
SAMPLE_CHAT = ROOT / "sample_data" / "chat"
SAMPLE_SUPPORT = ROOT / "sample_data" / "support"

DEPLOY_ENVS = ("dev", "ci", "staging", "prod")
# A pull request or a developer builds in schemas of their own, which can be dropped; those of staging and prod have
# fixed names. With `pr_` or `dev_` in front, and nowhere else, no other schema ends in a suffix. PostgreSQL cuts names
# at 63 letters.
SUFFIXED_ENVS = ("dev", "ci")
SUFFIX = re.compile(r"(pr|dev)_(?!(.*_)?(pr|dev)_)[a-z0-9_]{1,10}")


def number(name: str, default: int, env: Mapping[str, str] = os.environ) -> int:
    """A variable that is a whole number, 0 or more.

    Raises:
        ConfigurationError: it is none.
    """
    value = env.get(name) or str(default)
    if not (value.isascii() and value.isdigit()):
        raise ConfigurationError(f"{name} is '{value}'. Set it to a number, {default} for example.")
    return int(value)


def flag(name: str, *, default: bool, env: Mapping[str, str] = os.environ) -> bool:
    """A variable that is true or false.

    Raises:
        ConfigurationError: it is neither.
    """
    value = (env.get(name) or str(default)).lower()
    if value not in ("true", "false"):
        raise ConfigurationError(f"{name} is '{value}'. Set it to true or false.")
    return value == "true"


def deploy_env() -> str:
    """The environment Parley runs as: the dbt target, and the suffix of the schemas it builds."""
    name = os.environ.get("DEPLOY_ENV") or "dev"
    if name not in DEPLOY_ENVS:
        raise ConfigurationError(f"DEPLOY_ENV is '{name}'. Set it to one of {', '.join(DEPLOY_ENVS)}.")
    return name


def schema_suffix() -> str:
    """What the names of the built schemas end in, behind a `_`; empty in prod. dbt/macros/generate_schema_name.sql says
    the same.

    Raises:
        ConfigurationError: SCHEMA_SUFFIX cannot be in a name, or is set where schemas have fixed names.
    """
    env, suffix = deploy_env(), os.environ.get("SCHEMA_SUFFIX", "")
    if not suffix:
        return "" if env in ("dev", "prod") else env
    if env not in SUFFIXED_ENVS:
        raise ConfigurationError(f"SCHEMA_SUFFIX is set, and DEPLOY_ENV is '{env}', whose schemas have fixed names.")
    if not SUFFIX.fullmatch(suffix):
        raise ConfigurationError(
            f"SCHEMA_SUFFIX is '{suffix}'. Use pr_ or dev_, once, and up to 10 lower case letters, digits and _: pr_42."
        )
    return suffix
