"""The packages of the dbt project: from dbt's hub or, where that is out of reach, what stands in for them."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from pathlib import Path

import yaml

from parley import settings
from parley.errors import ConfigurationError

HUB = ("hub.getdbt.com", 443)
HUB_SECONDS = 5
INSTALL_SECONDS = 120


def missing(project: Path = settings.DBT_PROJECT) -> list[str]:
    """The packages that packages.yml names and that are not installed."""
    packages = yaml.safe_load((project / "packages.yml").read_text())["packages"]
    names = [str(package["package"]).split("/")[1] for package in packages]
    return [name for name in names if not (project / "dbt_packages" / name / "dbt_project.yml").exists()]


def check() -> None:
    """See that the project can be parsed.

    Raises:
        ConfigurationError: a package is missing, with the command that installs it.
    """
    if names := missing():
        raise ConfigurationError(f"The dbt project lacks its package {', '.join(names)}. Run `parley deps`.")


def install(project: Path = settings.DBT_PROJECT) -> str:
    """Install the packages in place of those that are installed; says where they came from."""
    if _hub_answers() and _dbt_deps(project) and not missing(project):
        return "from dbt's hub"
    shutil.rmtree(project / "dbt_packages", ignore_errors=True)
    shutil.copytree(project / "offline_packages", project / "dbt_packages")
    return "dbt's hub is out of reach: those of dbt/offline_packages, which have what this project uses"


def _dbt_deps(project: Path) -> bool:
    command = [str(settings.BIN / "dbt"), "--quiet", "deps", "--profiles-dir", str(project)]
    env = {**os.environ, "DBT_LOG_PATH": str(settings.STATE / "dbt" / "logs")}
    try:
        result = subprocess.run(
            command, cwd=project, env=env, capture_output=True, check=False, timeout=INSTALL_SECONDS
        )
    except subprocess.TimeoutExpired:
        return False
    return result.returncode == 0


def _hub_answers() -> bool:
    try:
        with socket.create_connection(HUB, HUB_SECONDS):
            return True
    except OSError:
        return False
