"""A copy of the project for tests and benchmarks, which write into the folder of the project that they run."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1]
# What runs.
PARTS = ("airflow.cfg", "dags", "dbt", "plugins", "sample_data")
# What a shell has set for another Airflow, warehouse or source is not for the copy.
FOREIGN = (
    "AIRFLOW",
    "ALERT",
    "DBT",
    "DEPLOY_",
    "DLT",
    "ECOMMERCE_SOURCE",
    "MANUAL_URL",
    "PARLEY",
    "PG_",
    "PUBLISH_TO",
    "RS_",
    "SCHEMA_SUFFIX",
    "SMTP",
    "STAGING",
    "SUPPORT_SOURCE",
    "TASK_",
    "TRACKER",
    "WAREHOUSE",
)


def copy_project(folder: Path, parts: Iterable[str] = PARTS, project: Path = PROJECT) -> None:
    """Copy files and folders of the project, without what running has made, into an existing folder."""
    for name in parts:
        if (project / name).is_dir():
            made = shutil.ignore_patterns("target", "logs", "__pycache__")
            shutil.copytree(project / name, folder / name, ignore=made)
        else:
            shutil.copy(project / name, folder / name)


def own_environment() -> dict[str, str]:
    """The variables that are set, without foreign ones."""
    return {name: value for name, value in os.environ.items() if not name.startswith(FOREIGN)}
