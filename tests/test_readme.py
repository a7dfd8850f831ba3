"""Every command of the README works, and what it lists is there."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

from parley import settings
from parley.warehouse import Warehouse

PROJECT = Path(__file__).parents[1]
README = (PROJECT / "README.md").read_text()
COMMANDS = [line for block in re.findall(r"```sh\n(.*?)```", README, re.DOTALL) for line in block.splitlines()]
# What these do is tested by tests/e2e, or is this very run.
MAKE_TARGETS = ["make demo", "make up", "make test", "make docs"]


@pytest.mark.parametrize("command", MAKE_TARGETS)
def test_make_knows_the_target(command: str) -> None:
    assert command in COMMANDS
    subprocess.run([*command.split(), "--dry-run"], cwd=PROJECT, check=True, capture_output=True)


def test_the_other_commands_run_one_after_another(warehouse: Warehouse) -> None:
    del warehouse
    commands = [command for command in COMMANDS if command not in MAKE_TARGETS]
    assert commands
    for command in commands:
        assert command.startswith(".venv/bin/parley ")
        arguments = [str(settings.BIN / "parley"), *command.split()[1:]]
        result = subprocess.run(arguments, cwd=PROJECT, capture_output=True, text=True, check=False, env=os.environ)
        assert result.returncode == 0, result.stderr


def test_the_marts_of_the_table_are_those_of_the_project() -> None:
    table = re.findall(r"^\| (\w+) \|[^|]*\| (`.*`) \|$", README, re.MULTILINE)
    assert len(table) == len([path for path in (PROJECT / "dbt" / "models").iterdir() if path.is_dir()])
    for domain, marts in table:
        models = {path.stem for path in (PROJECT / "dbt" / "models" / domain / "marts").rglob("*.sql")}
        assert set(re.findall(r"`(\w+)`", marts)) == models


def test_every_dependency_is_in_the_list_of_licences() -> None:
    listed = re.findall(r"^\| ([\w.-]+) +\|", (PROJECT / "docs" / "licences.md").read_text(), re.MULTILINE)
    pinned = re.findall(
        r"^([\w.-]+)(?:\[.*\])?==([^ ]+)(.*)$", (PROJECT / "requirements.txt").read_text(), re.MULTILINE
    )
    # Those with a marker are for other versions of Python, or other systems.
    names = {_normal(name) for name, _, marker in pinned if not marker}
    assert names - {_normal(name) for name in listed} == set(), "make licences writes the list"


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def test_every_link_leads_somewhere() -> None:
    pages = [PROJECT / "README.md", *(PROJECT / "docs").rglob("*.md")]
    for page in pages:
        for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text()):
            assert (page.parent / target).exists(), f"{page.name} links to {target}"
