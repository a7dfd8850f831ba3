"""dbt's packages: where they come from, and what is said when they are missing."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from parley import packages, settings
from parley.errors import ConfigurationError


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A dbt project without its packages."""
    for name in ("packages.yml", "dbt_project.yml", "profiles.yml"):
        shutil.copy(settings.DBT_PROJECT / name, tmp_path)
    shutil.copytree(settings.DBT_PROJECT / "offline_packages", tmp_path / "offline_packages")
    monkeypatch.setattr(packages, "HUB", ("127.0.0.1", 1))
    return tmp_path


def test_where_the_hub_is_out_of_reach_the_stand_in_takes_the_place(project: Path) -> None:
    assert packages.missing(project) == ["dbt_expectations"]
    half_installed = project / "dbt_packages" / "dbt_expectations"
    half_installed.mkdir(parents=True)
    assert packages.missing(project) == ["dbt_expectations"]
    assert "hub is out of reach" in packages.install(project)
    assert packages.missing(project) == []


def test_a_missing_package_is_named_with_the_command_that_installs_it(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(packages, "missing", lambda: ["dbt_expectations"])
    with pytest.raises(ConfigurationError, match=r"lacks its package dbt_expectations. Run `parley deps`"):
        packages.check()
