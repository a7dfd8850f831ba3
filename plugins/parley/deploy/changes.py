"""Build what a change touches, in schemas of its own, beside production: what a pull request is tested with.

Models that have changed, and those below them, are built; everything above them is read from production's tables
(dbt's `--defer`). What production's tables are is said by the manifests of the commit that production runs.
"""

from __future__ import annotations

import json
import os
import subprocess
from contextlib import ExitStack
from pathlib import Path

from parley import settings
from parley.dbt import dbt_env
from parley.deploy.git import commit_of, manifests_at
from parley.deploy.releases import standing
from parley.errors import ConfigurationError, ParleyError
from parley.pipelines import Pipeline, load_pipelines
from parley.warehouse import Warehouse


def build(base: str = "") -> list[str]:
    """Build and test what has changed since the base, in fresh schemas that end in SCHEMA_SUFFIX.

    Args:
        base: a commit, branch or tag; what production runs by default. Where there is neither, everything is built.

    Returns:
        The names of the pipelines that were built; those without any load yet are left out.

    Raises:
        ConfigurationError: SCHEMA_SUFFIX or DEPLOY_ENV do not name schemas of one's own.
        ParleyError: a model or a test has failed.
    """
    drop()
    commit = commit_of(base) if base else next(iter(standing("prod")[-1:]), None)
    pipelines = _with_loads(load_pipelines())
    with ExitStack() as stack:
        state = stack.enter_context(manifests_at(commit)) if commit else None
        failed = [pipeline.name for pipeline in pipelines if not _build(pipeline, state)]
    if failed:
        raise ParleyError(f"What has changed fails in {', '.join(failed)}: see dbt's messages above.")
    return [pipeline.name for pipeline in pipelines]


def _with_loads(pipelines: list[Pipeline]) -> list[Pipeline]:
    warehouse = Warehouse.from_env()
    if not warehouse.exists():
        return []
    with warehouse.connect(read_only=True) as connection:
        return [pipeline for pipeline in pipelines if pipeline.ledger.loads(connection)]


def drop() -> list[str]:
    """Drop every schema that ends in SCHEMA_SUFFIX; returns their names.

    Raises:
        ConfigurationError: SCHEMA_SUFFIX or DEPLOY_ENV do not name schemas of one's own.
    """
    suffix = _own_suffix()
    warehouse = Warehouse.from_env()
    if not warehouse.exists():
        return []
    with warehouse.connect() as connection:
        names = {name for (name,) in connection.query("select schema_name from information_schema.schemata")}
        dropped = sorted(name for name in names if name.endswith(f"_{suffix}"))
        for name in dropped:
            connection.query(f'drop schema "{name}" cascade')
    return dropped


def _own_suffix() -> str:
    suffix = settings.schema_suffix()
    if not settings.SUFFIX.fullmatch(suffix):
        raise ConfigurationError(
            "SCHEMA_SUFFIX is not set: it says in which schemas, pr_42 for example. DEPLOY_ENV has to be ci or dev."
        )
    return suffix


def _build(pipeline: Pipeline, state: Path | None) -> bool:
    """dbt build of a pipeline's domain; whether it succeeded."""
    # Not its tag, which the tests of its sources do not have.
    domain = f"fqn:parley.{pipeline.domain}"
    selection = ["--select", domain]
    if state and (state / pipeline.name / "manifest.json").exists():
        folder = str(state / pipeline.name)
        selection = ["--select", f"state:modified+,{domain}", "--defer", "--state", folder]
    # Unit tests need no data of production: they run with the test suite.
    selection += ["--exclude", "resource_type:unit_test"]
    target = settings.STATE / "changes" / pipeline.name
    dbt = [str(settings.BIN / "dbt"), "build", "--vars", json.dumps(pipeline.dbt_vars)]
    folders = ["--target-path", str(target), "--log-path", str(target)]
    command = [*dbt, *folders, *selection]
    result = subprocess.run(command, cwd=settings.DBT_PROJECT, env={**os.environ, **dbt_env()}, check=False)
    return result.returncode == 0
