"""Where Parley lives on disk and which environment it runs as.

Everything Parley writes is under `ROOT`: the DuckDB warehouse, Airflow's home, dlt's state, dbt's targets. Where the
project's folder cannot be written to, `PARLEY_STATE` names another folder for what is written while it runs.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

from dotenv import load_dotenv

from parley import secrets
from parley.errors import ConfigurationError

ROOT = Path(os.environ.get("PARLEY_ROOT") or Path(__file__).resolve().parents[2])
STATE = Path(os.environ.get("PARLEY_STATE") or ROOT / ".parley")
# The manifests belong to the code, not to what it does: they are made where it is installed, and only read after that.
MANIFESTS = ROOT / ".parley" / "dbt"
DBT_PROJECT = ROOT / "dbt"
BOTS = ROOT / "dags" / "bots"
SAMPLE_CHAT = ROOT / "sample_data" / "chat"

DEPLOY_ENVS = ("dev", "ci", "staging", "prod")
# A pull request or a developer builds in schemas of their own; the schemas of the others have fixed names.
SUFFIXED_ENVS = ("dev", "ci")
SUFFIX = re.compile(r"[a-z][a-z0-9_]{0,29}")

# A variable that is set wins over the file, as with docker compose.
load_dotenv(ROOT / ".env")
secrets.from_files(os.environ, "PG_PASSWORD")


def deploy_env() -> str:
    """The environment Parley runs as: the dbt target, and the suffix of the schemas it builds."""
    name = os.environ.get("DEPLOY_ENV", "dev")
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
    if not SUFFIX.fullmatch(suffix) or suffix in DEPLOY_ENVS:
        raise ConfigurationError(
            f"SCHEMA_SUFFIX is '{suffix}'. Use lower case letters, digits and _, 30 at most, a letter first, "
            f"and none of {', '.join(DEPLOY_ENVS)}."
        )
    return suffix
