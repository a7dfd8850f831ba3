"""The project at a commit: its files, and the manifests of its pipelines in production."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from parley import settings
from parley.errors import ParleyError


def git(*arguments: str, **env: str) -> str:
    """What a git command prints.

    Raises:
        ParleyError: it failed, with its message.
    """
    result = subprocess.run(
        ["git", *arguments], cwd=settings.ROOT, env={**os.environ, **env}, capture_output=True, check=False
    )
    if result.returncode:
        raise ParleyError(f"`git {' '.join(arguments)}` failed:\n{result.stderr.decode(errors='replace')}")
    return result.stdout.decode().strip()


def commit_of(name: str) -> str:
    """The full id of a commit, branch or tag.

    Raises:
        ParleyError: there is none of that name.
    """
    return git("rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}")


@contextmanager
def _index_of(commit: str) -> Iterator[dict[str, str]]:
    """The environment in which git has an index of its own, with the files of a commit: the user's stays as it is."""
    with TemporaryDirectory(prefix="parley-index-") as folder:
        own = {"GIT_INDEX_FILE": str(Path(folder) / "index")}
        git("read-tree", commit, **own)
        yield own


@contextmanager
def manifests_at(commit: str) -> Iterator[Path]:
    """The manifests of the project at a commit, with the names of production: `<folder>/<pipeline>/manifest.json`.

    They are made by the code of that commit, so nobody has to keep them.

    Raises:
        ParleyError: dbt cannot parse the project as it was then.
    """
    with TemporaryDirectory(prefix="parley-release-") as folder, _index_of(commit) as own:
        git("checkout-index", "--all", f"--prefix={folder}/", **own)
        env = {name: value for name, value in os.environ.items() if name not in ("SCHEMA_SUFFIX", "PARLEY_STATE")}
        env |= {"PARLEY_ROOT": folder, "PYTHONPATH": str(Path(folder) / "plugins"), "DEPLOY_ENV": "prod"}
        code = "from parley.cli import main; main()"
        for command in ("deps", "manifest"):
            result = subprocess.run(
                [sys.executable, "-c", code, command], cwd=folder, env=env, capture_output=True, text=True, check=False
            )
            if result.returncode:
                raise ParleyError(f"The project at {commit[:12]} cannot be parsed:\n{result.stdout}{result.stderr}")
        yield Path(folder) / ".parley" / "dbt"


def with_manifests(commit: str) -> str:
    """A commit on top of another that adds what is made of it, for who reads the project from git: the manifests and
    dbt's packages; returns its id.

    Raises:
        ParleyError: dbt cannot parse the project as it is there.
    """
    with manifests_at(commit) as folder, _index_of(commit) as own:
        root = folder.parents[1]
        packages = (path for path in (root / "dbt" / "dbt_packages").rglob("*") if path.is_file())
        for path in sorted([*folder.glob("*/manifest.json"), *packages]):
            blob = git("hash-object", "-w", "--no-filters", str(path))
            git("update-index", "--add", "--cacheinfo", f"100644,{blob},{path.relative_to(root)}", **own)
        tree = git("write-tree", **own)
    return git("commit-tree", tree, "-p", commit, "-m", f"{commit[:12]} with its manifests")
