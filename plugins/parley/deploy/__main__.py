"""The steps between a change and production: `python -m parley.deploy --help`, or the targets of the Makefile."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from parley.deploy import changes, env_file, mwaa, releases
from parley.deploy.git import git, with_manifests
from parley.errors import ParleyError

app = typer.Typer(no_args_is_help=True, add_completion=False, help=__doc__, pretty_exceptions_enable=False)
console = Console(highlight=False)


@app.command()
def secrets() -> None:
    """Make up the secrets that .env does not have yet."""
    made = env_file.fill(Path(".env"))
    console.print(f"Written to .env: {', '.join(made)}" if made else ".env has every secret already.")


@app.command()
def build(
    base: Annotated[str, typer.Option(help="Compare with this commit; with what production runs by default.")] = "",
) -> None:
    """Build what has changed, and what is below it, in the schemas of SCHEMA_SUFFIX."""
    console.print(f"Built what has changed in {', '.join(changes.build(base))}.")


@app.command()
def drop() -> None:
    """Drop the schemas of SCHEMA_SUFFIX."""
    dropped = changes.drop()
    console.print(f"Dropped {', '.join(dropped)}." if dropped else "There is nothing to drop.")


@app.command()
def release(commit: Annotated[str, typer.Argument(help="A commit, branch or tag.")] = "HEAD") -> None:
    """Deploy a commit to staging."""
    before = releases.standing("staging")
    _say(releases.release(commit), before)


@app.command()
def promote() -> None:
    """Deploy to production what staging runs."""
    before = releases.standing("prod")
    _say(releases.promote(), before)


@app.command()
def rollback(env: Annotated[str, typer.Argument(help="staging or prod.")] = "prod") -> None:
    """Deploy the release before the current one again."""
    if env not in releases.ENVIRONMENTS:
        raise ParleyError(f"There is no environment '{env}' to roll back: it is {' or '.join(releases.ENVIRONMENTS)}.")
    before = releases.standing(env)
    _say(releases.rollback(env), before)


@app.command()
def status() -> None:
    """What was deployed, and when."""
    table = Table("environment", "number", "commit", "", "when")
    for env in releases.ENVIRONMENTS:
        for deployment in releases.history(env):
            commit = deployment.commit[: releases.SHORT]
            table.add_row(env, str(deployment.number), commit, deployment.kind, deployment.at)
    console.print(table if table.row_count else "Nothing was deployed yet.")


@app.command()
def git_sync() -> None:
    """As a DEPLOY_COMMAND: push the release, with its manifests, to the branch git-sync/<environment>."""
    env, commit, remote = (os.environ.get(name, "") for name in ("DEPLOY_ENV", "RELEASE_COMMIT", "DEPLOY_REMOTE"))
    if not (commit and remote):
        raise ParleyError("This is for DEPLOY_COMMAND, with DEPLOY_REMOTE set to the git remote that git-sync follows.")
    git("push", "--quiet", "--force", remote, f"{with_manifests(commit)}:refs/heads/git-sync/{env}")
    console.print(f"The branch git-sync/{env} is {commit[: releases.SHORT]}, with its manifests.")


@app.command("mwaa")
def pack_mwaa(folder: Annotated[Path, typer.Argument(help="Where to.")] = Path("build/mwaa")) -> None:
    """Pack what Amazon MWAA takes."""
    for path in mwaa.pack(folder):
        console.print(str(path))


def _say(deployment: releases.Deployment, before: list[str]) -> None:
    console.print(f"{deployment.env} runs {deployment.commit[: releases.SHORT]} now ({deployment.tag}).")
    if before and (files := releases.differing(before[-1], deployment.commit)):
        console.print(f"The SQL of these differs from before: {', '.join(files)}.")
        console.print(
            "Incremental models keep their old rows: trigger a full refresh of the DAG, if these have to follow."
        )


if __name__ == "__main__":
    try:
        app()
    except ParleyError as error:
        Console(stderr=True, highlight=False).print(f"[bold red]Error:[/] {escape(str(error))}")
        sys.exit(1)
