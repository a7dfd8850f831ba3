"""Parse the dbt project once for each pipeline, in one process: dbt takes as long to start as to parse.

python -m parley.parse '{"<target folder>": {<variables>}, ...}' -- in the folder of the project
"""

from __future__ import annotations

import json
import sys

from dbt.cli.main import dbtRunner


def main() -> None:
    """dbt itself prints what is wrong with the project; the folder whose turn it was comes last, on stderr."""
    for target, variables in json.loads(sys.argv[1]).items():
        options = ["--vars", json.dumps(variables), "--target-path", target, "--log-path", sys.argv[2]]
        if not dbtRunner().invoke(["--quiet", "parse", *options]).success:
            sys.exit(f"in {target}")


if __name__ == "__main__":
    main()
