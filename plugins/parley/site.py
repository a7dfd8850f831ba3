"""`make docs`: a static site in site/, of the pages in docs/ and of dbt's own docs as one file. Opens without a server.

python -m parley.site
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

from parley import settings
from parley.dbt import dbt_env
from parley.errors import ParleyError
from parley.pipelines import load_bots

SITE = settings.ROOT / "site"
DBT_DOCS = Path("dbt") / "index.html"


def build(site: Path = SITE) -> Path:
    """Make the site, in place of the one before; its first page.

    Raises:
        ParleyError: dbt or mkdocs failed, with its message.
    """
    made = dbt_docs()
    _run("mkdocs", "build", "--quiet", "--config-file", str(settings.ROOT / "mkdocs.yml"), "--site-dir", str(site))
    (site / DBT_DOCS).parent.mkdir()
    shutil.copy(made, site / DBT_DOCS)
    return site / "index.html"


def dbt_docs() -> Path:
    """Make dbt's own docs, one file; where it is.

    They have the types of columns as they are in the warehouse, where they have been built. Of the bots, which have
    the same tables, they show the first.

    Raises:
        ParleyError: dbt failed, with its message.
    """
    target = str(settings.STATE / "dbt" / "docs")
    bots = load_bots()
    common = ["--vars", json.dumps(bots[0].dbt_vars if bots else {}), "--project-dir", str(settings.DBT_PROJECT)]
    common += ["--target-path", target, "--log-path", target]
    # Models are parsed, not compiled: some look into their sources, and these need not be there yet.
    _run("dbt", "--quiet", "parse", *common)
    _run("dbt", "--quiet", "docs", "generate", "--static", "--no-compile", *common)
    return Path(target) / "static_index.html"


def _run(program: str, *arguments: str) -> None:
    command = [str(Path(sys.executable).parent / program), *arguments]
    # Material's notice of its next version is not about ours.
    env = {**os.environ, **dbt_env(), "NO_MKDOCS_2_WARNING": "1"}
    result = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    if result.returncode:
        raise ParleyError(f"{program} has failed:\n{result.stdout}{result.stderr}")


def main() -> None:
    print(f"Open {build()}")


if __name__ == "__main__":
    main()
