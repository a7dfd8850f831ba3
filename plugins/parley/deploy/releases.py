"""Which release each environment runs: deploy to staging, promote to production, roll back.

A release is a commit. What was deployed is kept in git itself, as annotated tags `deployed/<environment>/<number>`, so
that every machine with the repository knows it. `DEPLOY_COMMAND` brings a release to an environment.
"""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from parley import settings
from parley.deploy.git import commit_of, git
from parley.errors import ParleyError

Kind = Literal["release", "rollback"]
ENVIRONMENTS = ("staging", "prod")
# Of a commit's id: enough to be unique, and the tag of its image.
SHORT = 12


@dataclass(frozen=True)
class Deployment:
    """One entry of an environment's history; `number` counts from 1."""

    env: str
    number: int
    commit: str
    kind: str
    at: str

    @property
    def tag(self) -> str:
        return f"deployed/{self.env}/{self.number}"


def history(env: str) -> list[Deployment]:
    """Every deployment of an environment, the first one first."""
    fields = "%(refname:lstrip=4)%09%(*objectname)%09%(contents:subject)%09%(taggerdate:iso8601)"
    lines = git("for-each-ref", f"--format={fields}", f"refs/tags/deployed/{env}").splitlines()
    entries = (line.split("\t") for line in lines)
    found = [Deployment(env, int(number), commit, kind, at) for number, commit, kind, at in entries]
    return sorted(found, key=lambda deployment: deployment.number)


def _next_number(env: str) -> int:
    return max((deployment.number for deployment in history(env)), default=0) + 1


def standing(env: str) -> list[str]:
    """The commits that an environment has come to, the current one last: a rollback takes the last one away."""
    commits: list[str] = []
    for deployment in history(env):
        if deployment.kind == "rollback":
            commits.pop()
        else:
            commits.append(deployment.commit)
    return commits


def release(name: str, env: str = "staging") -> Deployment:
    """Deploy a commit.

    Raises:
        ParleyError: there is no such commit, or it could not be deployed; the environment has its old release then.
    """
    _fetch()
    return _deploy(env, commit_of(name), "release")


def promote() -> Deployment:
    """Deploy to production what staging runs.

    Raises:
        ParleyError: there is nothing to promote, or it could not be deployed.
    """
    _fetch()
    staging = standing("staging")
    if not staging:
        raise ParleyError("Staging has no release yet: `make release` deploys one.")
    if standing("prod")[-1:] == staging[-1:]:
        raise ParleyError(f"Production runs {staging[-1][:SHORT]} already, which is what staging runs.")
    return _deploy("prod", staging[-1], "release")


def rollback(env: str) -> Deployment:
    """Deploy the release before the current one again.

    Raises:
        ParleyError: there is none, or it could not be deployed.
    """
    _fetch()
    commits = standing(env)
    if len(commits) < 2:
        raise ParleyError(f"{env} has no release to go back to: it has had {len(commits)}.")
    return _deploy(env, commits[-2], "rollback")


def differing(old: str, new: str) -> list[str]:
    """What makes the rows of tables and is not the same at two commits: models by name, other files by path.

    Tables that are incremental keep rows that the other SQL made, until a full refresh.
    """
    wanted = ("dbt/models/*.sql", "dbt/macros/*.sql", "dbt/seeds/*.csv", "dbt/dbt_project.yml")
    paths = git("diff", "--name-only", old, new, "--", *wanted).splitlines()
    return sorted(Path(path).stem if path.startswith("dbt/models/") else path for path in paths)


def _deploy(env: str, commit: str, kind: Kind) -> Deployment:
    before = standing(env)
    tag = f"deployed/{env}/{_next_number(env)}"
    # The number is taken first: of two who deploy at once, the second cannot push its tag, and stops here.
    git("tag", "--annotate", tag, commit, "--message", kind)
    try:
        _push(f"refs/tags/{tag}")
    except ParleyError:
        git("tag", "--delete", tag)
        raise
    if not _bring(env, commit):
        state = "It had none before."
        if before:
            back = "runs again" if _bring(env, before[-1]) else "could not be brought back either"
            state = f"{before[-1][:SHORT]}, which it had before, {back}."
        git("tag", "--delete", tag)
        _push(f":refs/tags/{tag}")
        raise ParleyError(f"{commit[:SHORT]} could not be deployed to {env}: DEPLOY_COMMAND failed. {state}")
    return history(env)[-1]


def _bring(env: str, commit: str) -> bool:
    """Run DEPLOY_COMMAND; whether it succeeded."""
    command = os.environ.get("DEPLOY_COMMAND")
    if not command:
        return True
    named = {"DEPLOY_ENV": env, "RELEASE": commit[:SHORT], "RELEASE_COMMIT": commit}
    # It may call `python -m parley.deploy`: of the Python that this is.
    named["PATH"] = f"{settings.BIN}{os.pathsep}{os.environ['PATH']}"
    result = subprocess.run(command, shell=True, cwd=settings.ROOT, env={**os.environ, **named}, check=False)
    return result.returncode == 0


def _fetch() -> None:
    if remote := os.environ.get("DEPLOY_REMOTE"):
        # Also forget what others have taken back.
        git("fetch", "--quiet", "--prune", remote, "+refs/tags/deployed/*:refs/tags/deployed/*")


def _push(ref: str) -> None:
    if remote := os.environ.get("DEPLOY_REMOTE"):
        git("push", "--quiet", remote, ref)
