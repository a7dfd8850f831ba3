"""Where Parley lives on disk and which environment it runs as.

Everything Parley writes is under `ROOT`: the DuckDB warehouse, Airflow's home, dlt's state, dbt's targets.
"""

from __future__ import annotations

import os
from pathlib import Path

from dotenv import load_dotenv

from parley.errors import ConfigurationError

ROOT = Path(os.environ.get("PARLEY_ROOT") or Path(__file__).resolve().parents[2])
STATE = ROOT / ".parley"
DBT_PROJECT = ROOT / "dbt"
BOTS = ROOT / "dags" / "bots"
SAMPLE_CHAT = ROOT / "sample_data" / "chat"

DEPLOY_ENVS = ("dev", "ci", "staging", "prod")

# A variable that is set wins over the file, as with docker compose.
load_dotenv(ROOT / ".env")


def deploy_env() -> str:
    """The environment Parley runs as: the dbt target, and the suffix of the schemas it builds."""
    name = os.environ.get("DEPLOY_ENV", "dev")
    if name not in DEPLOY_ENVS:
        raise ConfigurationError(f"DEPLOY_ENV is '{name}'. Set it to one of {', '.join(DEPLOY_ENVS)}.")
    return name


def schema_suffix() -> str:
    """What the schemas that are built end in, outside dev and prod; see dbt/macros/generate_schema_name.sql."""
    env = deploy_env()
    return "" if env in ("dev", "prod") else f"_{env}"
