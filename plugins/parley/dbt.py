"""The dbt project: where its artifacts are, and how to make them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from parley import packages, settings
from parley.errors import ConfigurationError, ParleyError
from parley.pipelines import Pipeline, read_bots
from parley.warehouse import Warehouse


def manifest_path(pipeline: Pipeline) -> Path:
    """The manifest of the project with a pipeline's variables, which its DAG is drawn from.

    Raises:
        ConfigurationError: it has not been made yet.
    """
    path = settings.MANIFESTS / pipeline.name / "manifest.json"
    if not path.exists():
        raise ConfigurationError(f"{path} is missing. Run `parley manifest` after each change in dbt/ or dags/bots/.")
    return path


def write_manifest(pipeline: Pipeline) -> Path:
    """Parse the project with a pipeline's variables.

    Raises:
        ParleyError: dbt cannot parse it, with dbt's message, or lacks a package.
    """
    return write_manifests([pipeline])[0]


def write_manifests(pipelines: Sequence[Pipeline]) -> list[Path]:
    """Parse the project with the variables of each pipeline, one after another.

    Raises:
        ParleyError: dbt cannot parse it, with dbt's message, or lacks a package.
    """
    packages.check()
    targets = {str(settings.MANIFESTS / pipeline.name): pipeline.dbt_vars for pipeline in pipelines}
    command = [sys.executable, "-m", "parley.parse", json.dumps(targets), str(settings.STATE / "dbt" / "logs")]
    _run(command, "dbt cannot parse the project")
    return [Path(target) / "manifest.json" for target in targets]


def write_docs() -> Path:
    """Make dbt's own docs, one file; where it is.

    They have the types of columns as they are in the warehouse, where they have been built. Of the bots, which have
    the same tables, they show the first that works.

    Raises:
        ParleyError: dbt failed, with its message.
    """
    target = str(settings.STATE / "dbt" / "docs")
    bots, _ = read_bots()
    common = ["--vars", json.dumps(bots[0].dbt_vars if bots else {}), "--target-path", target, "--log-path", target]
    # Models are parsed, not compiled: some look into their sources, and these need not be there yet.
    for command in (["parse"], ["docs", "generate", "--static", "--no-compile"]):
        _run([str(settings.BIN / "dbt"), "--quiet", *command, *common], "dbt has failed")
    return Path(target) / "static_index.html"


def dbt_env() -> dict[str, str]:
    """What dbt's profiles need beside the variables that the user has set, wherever dbt is started."""
    warehouse = Warehouse.from_env()
    path = {"WAREHOUSE_PATH": str(warehouse.path)} if warehouse.path else {}
    # To dbt, a variable that is set to nothing is set.
    chosen = {"WAREHOUSE": warehouse.kind, "DEPLOY_ENV": settings.deploy_env()}
    return {"DBT_PROFILES_DIR": str(settings.DBT_PROJECT), **chosen, **path}


def _run(command: list[str], failed: str) -> None:
    """Run a command in the folder of the project; `failed` begins the message when it fails."""
    env = {**os.environ, **dbt_env()}
    result = subprocess.run(command, cwd=settings.DBT_PROJECT, env=env, capture_output=True, text=True, check=False)
    if result.returncode:
        raise ParleyError(f"{failed}:\n{result.stdout}{result.stderr}")
