"""`make docs`: a static site in site/, of the pages in docs/ and of dbt's own docs as one file. Opens without a server.

python -m parley.site
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from parley import settings
from parley.dbt import write_docs
from parley.errors import ParleyError

SITE = settings.ROOT / "site"
DBT_DOCS = Path("dbt") / "index.html"


def build(site: Path = SITE) -> Path:
    """Make the site, in place of the one before; its first page.

    Raises:
        ParleyError: dbt or mkdocs failed, with its message.
    """
    made = write_docs()
    _mkdocs("build", "--quiet", "--config-file", str(settings.ROOT / "mkdocs.yml"), "--site-dir", str(site))
    (site / DBT_DOCS).parent.mkdir()
    shutil.copy(made, site / DBT_DOCS)
    return site / "index.html"


def _mkdocs(*arguments: str) -> None:
    # Material's notice of its next version is not about ours.
    env = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}
    command = [str(settings.BIN / "mkdocs"), *arguments]
    result = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    if result.returncode:
        raise ParleyError(f"mkdocs has failed:\n{result.stdout}{result.stderr}")


def main() -> None:
    print(f"Open {build()}")


if __name__ == "__main__":
    main()
