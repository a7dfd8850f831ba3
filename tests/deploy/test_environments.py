"""A change on its way: built beside production, released to staging, promoted, rolled back. All on DuckDB."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from own_copy import PARTS, copy_project

from parley.errors import ConfigurationError
from parley.pipelines import get_pipeline, load_pipelines
from parley.settings import BIN, schema_suffix
from parley.warehouse import Warehouse

SLOTS = "dbt/models/chat/marts/slots.sql"


@dataclass
class Repository:
    """A clone of the project in which changes are made, with a warehouse of production."""

    root: Path

    @property
    def warehouse(self) -> Warehouse:
        return Warehouse("duckdb", path=self.root / "warehouse.duckdb")

    def run(self, *command: str, check: bool = True, **env: str) -> str:
        """What a command prints."""
        environment = {
            **os.environ,
            "PARLEY_ROOT": str(self.root),
            "PARLEY_STATE": str(self.root / ".parley"),
            "PYTHONPATH": str(self.root / "plugins"),
            "DBT_PROFILES_DIR": str(self.root / "dbt"),
            "WAREHOUSE_PATH": str(self.root / "warehouse.duckdb"),
            "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}",
            **env,
        }
        result = subprocess.run(command, cwd=self.root, env=environment, capture_output=True, text=True, check=False)
        assert result.returncode == 0 or not check, result.stdout + result.stderr
        return result.stdout + result.stderr

    def deploy(self, *arguments: str, check: bool = True, **env: str) -> str:
        """What `python -m parley.deploy` prints."""
        return self.run(sys.executable, "-m", "parley.deploy", *arguments, check=check, **env)

    def commit(self, path: str, text: str) -> str:
        """Commit a new text of a file; the short id of the commit."""
        (self.root / path).write_text(text)
        self.git("commit", "--all", "--quiet", "--message", f"Change {path}")
        return self.git("rev-parse", "HEAD")[:12]

    def git(self, *arguments: str) -> str:
        who = ("-c", "user.name=Test", "-c", "user.email=test@localhost")
        return self.run("git", *who, *arguments).strip()

    def tables(self) -> dict[str, int]:
        """The number of rows of each table of the chat schemas."""
        with self.warehouse.connect(read_only=True) as connection:
            tables = connection.query(
                "select table_schema, table_name from information_schema.tables where table_schema like 'demo_bot_%'"
            )
            return {
                f"{schema}.{table}": connection.query(f'select count(*) from {schema}."{table}"')[0][0]
                for schema, table in tables
            }


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Repository:
    """The project in production: its first load is in the marts."""
    root = tmp_path_factory.mktemp("repository") / "parley"
    root.mkdir()
    copy_project(root, (*PARTS, ".gitignore"))
    made = Repository(root)
    made.git("init", "--quiet")
    made.git("config", "user.name", "Test")
    made.git("config", "user.email", "test@localhost")
    made.git("add", "--all")
    made.git("commit", "--quiet", "--message", "The project")
    made.run("parley", "unpack", "rasa", "sample_data/chat/batch_1")
    variables = json.dumps(get_pipeline("demo_bot").dbt_vars)
    chat = ("--select", "fqn:parley.chat", "--exclude", "resource_type:unit_test", "resource_type:test")
    made.run("dbt", "build", "--project-dir", "dbt", *chat, "--vars", variables, DEPLOY_ENV="prod")
    return made


def test_before_the_first_release_there_is_nothing_to_promote_or_to_go_back_to(repository: Repository) -> None:
    assert "Nothing was deployed yet" in repository.deploy("status")
    assert "`make release` deploys one" in repository.deploy("promote", check=False)
    assert "prod has no release to go back to" in repository.deploy("rollback", check=False)
    assert "no environment 'production'" in repository.deploy("rollback", "production", check=False)


def test_a_release_goes_to_staging_and_then_to_production(repository: Repository) -> None:
    log = {"DEPLOY_COMMAND": "echo $DEPLOY_ENV $RELEASE >> deployed.txt"}
    first = repository.git("rev-parse", "HEAD")[:12]
    assert f"staging runs {first} now" in repository.deploy("release", **log)
    assert f"prod runs {first} now" in repository.deploy("promote", **log)
    assert "already" in repository.deploy("promote", check=False, **log)
    assert (repository.root / "deployed.txt").read_text().split() == ["staging", first, "prod", first]


def test_a_change_is_built_with_what_is_below_it_beside_production(repository: Repository) -> None:
    before = repository.tables()
    sql = (repository.root / SLOTS).read_text()
    own = {"DEPLOY_ENV": "ci", "SCHEMA_SUFFIX": "pr_7"}
    try:
        (repository.root / SLOTS).write_text(sql.replace("select * from final", "select * from final where 1 = 1"))
        printed = repository.deploy("build", **own)
        assert "demo_bot_views_pr_7.slots" in printed
        after = repository.tables()
        new = {name.replace("_pr_7", ""): rows for name, rows in after.items() if "_pr_7." in name}
        assert "demo_bot_views.slots" in new
        assert "demo_bot_views.event_sequence" not in new, "what is above the change is production's"
        assert {name: before[name] for name in new} == new
        assert {name: rows for name, rows in after.items() if "_pr_7." not in name} == before

        (repository.root / SLOTS).write_text("select nonsense")
        assert "What has changed fails in demo_bot" in repository.deploy("build", check=False, **own)
    finally:
        (repository.root / SLOTS).write_text(sql)
    assert "demo_bot_views_pr_7" in repository.deploy("drop", **own)
    assert repository.tables() == before


def test_schemas_that_are_not_ones_own_cannot_be_dropped(repository: Repository) -> None:
    for env in (
        {"DEPLOY_ENV": "ci"},
        {"DEPLOY_ENV": "prod", "SCHEMA_SUFFIX": "pr_7"},
        # The raw events are in demo_bot_event.
        {"DEPLOY_ENV": "ci", "SCHEMA_SUFFIX": "event"},
    ):
        assert "SCHEMA_SUFFIX is" in repository.deploy("drop", check=False, **env)


def test_production_goes_back_to_the_release_before_in_one_command(repository: Repository) -> None:
    first = repository.git("rev-parse", "HEAD")[:12]
    sql = (repository.root / SLOTS).read_text()
    second = repository.commit(SLOTS, sql + "-- second\n")
    repository.deploy("release")
    assert "The SQL of these differs from before: slots" in " ".join(repository.deploy("promote").split())
    third = repository.commit(SLOTS, sql + "-- third\n")
    repository.deploy("release")
    repository.deploy("promote")

    assert f"prod runs {second} now" in repository.deploy("rollback")
    assert f"prod runs {first} now" in repository.deploy("rollback", "prod")
    assert "prod has no release to go back to" in repository.deploy("rollback", check=False)
    # Staging still has the third, and it can be promoted again.
    assert f"prod runs {third} now" in repository.deploy("promote")
    assert f"prod runs {first} now" in repository.deploy("rollback")


def test_a_deployment_that_fails_brings_the_old_release_back(repository: Repository) -> None:
    staging = repository.deploy("status")
    sql = (repository.root / SLOTS).read_text()
    good = repository.git("rev-parse", "HEAD")[:12]
    bad = repository.commit(SLOTS, sql + "-- bad\n")
    command = f"echo $RELEASE >> tried.txt; test $RELEASE != {bad}"
    printed = repository.deploy("release", check=False, DEPLOY_COMMAND=command)
    assert f"{bad} could not be deployed to staging" in printed
    assert f"{good}, which it had before, runs again" in " ".join(printed.split())
    assert (repository.root / "tried.txt").read_text().split() == [bad, good]
    assert repository.deploy("status") == staging


def test_of_two_who_deploy_at_once_one_is_stopped(repository: Repository, tmp_path: Path) -> None:
    """The other's tag is on the remote already when ours is pushed."""
    remote = {"DEPLOY_REMOTE": str(tmp_path / "remote.git")}
    repository.git("clone", "--quiet", "--bare", ".", remote["DEPLOY_REMOTE"])
    number = len(repository.git("tag", "--list", "deployed/staging/*").split()) + 1
    hook = tmp_path / "remote.git" / "hooks" / "pre-receive"
    hook.write_text("#!/bin/sh\necho 'somebody was faster'; exit 1\n")
    hook.chmod(0o755)
    log = {"DEPLOY_COMMAND": "touch must_not_be"}
    assert "`git push" in repository.deploy("release", check=False, **remote, **log)
    assert not (repository.root / "must_not_be").exists()
    assert f"deployed/staging/{number}" not in repository.git("tag", "--list")

    hook.unlink()
    repository.deploy("release", **remote)
    assert f"deployed/staging/{number}" in repository.run("git", "ls-remote", "--tags", remote["DEPLOY_REMOTE"])


def test_git_sync_finds_each_release_with_its_manifests(repository: Repository, tmp_path: Path) -> None:
    remote = str(tmp_path / "remote.git")
    repository.git("clone", "--quiet", "--bare", ".", remote)
    command = f'"{sys.executable}" -m parley.deploy git-sync'
    repository.deploy("release", DEPLOY_REMOTE=remote, DEPLOY_COMMAND=command)
    repository.git("fetch", "--quiet", remote, "git-sync/staging")
    added = repository.git("diff", "--name-status", "HEAD", "FETCH_HEAD")
    names = sorted(pipeline.name for pipeline in load_pipelines())
    manifests = [f"A\t.parley/dbt/{name}/manifest.json" for name in names]
    assert added.splitlines()[: len(names)] == manifests
    packages = added.splitlines()[len(names) :]
    assert "A\tdbt/dbt_packages/dbt_expectations/dbt_project.yml" in packages
    assert all(line.startswith("A\tdbt/dbt_packages/") for line in packages)
    assert "for DEPLOY_COMMAND" in repository.deploy("git-sync", check=False)


@pytest.mark.parametrize(
    ("env", "suffix", "expected"),
    [
        ("dev", "", ""),
        ("prod", "", ""),
        ("ci", "", "ci"),
        ("staging", "", "staging"),
        ("ci", "pr_42", "pr_42"),
        ("dev", "dev_prada", "dev_prada"),
    ],
)
def test_the_suffix_is_that_of_the_environment_or_ones_own(
    monkeypatch: pytest.MonkeyPatch, env: str, suffix: str, expected: str
) -> None:
    monkeypatch.setenv("DEPLOY_ENV", env)
    monkeypatch.setenv("SCHEMA_SUFFIX", suffix)
    assert schema_suffix() == expected


@pytest.mark.parametrize(
    ("env", "suffix"),
    [
        ("staging", "pr_1"),
        ("prod", "pr_1"),
        ("ci", "event"),
        ("ci", "pr_A;"),
        ("dev", "dev_ada_pr_1"),  # ends as the schemas of pr_1 do
        ("dev", "dev_pr_1"),
    ],
)
def test_a_suffix_that_could_name_another_schema_is_refused(
    monkeypatch: pytest.MonkeyPatch, env: str, suffix: str
) -> None:
    monkeypatch.setenv("DEPLOY_ENV", env)
    monkeypatch.setenv("SCHEMA_SUFFIX", suffix)
    with pytest.raises(ConfigurationError, match="SCHEMA_SUFFIX is"):
        schema_suffix()
