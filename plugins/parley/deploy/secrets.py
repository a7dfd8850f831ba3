"""Start a process with its secrets in the environment: `python -m parley.deploy.secrets airflow scheduler`.

Without a command it prints them as shell commands, for a start-up script: `eval "$(python -m parley.deploy.secrets)"`.
"""

from __future__ import annotations

import os
import shlex
import sys

from parley import secrets
from parley.errors import ParleyError
from parley.pipelines import working_pipelines


def names() -> list[str]:
    """The variables that may hold a secret: the passwords of servers, and what the sources name."""
    return [
        "PG_PASSWORD",
        "SMTP_PASSWORD",
        *(name for pipeline in working_pipelines() for name in pipeline.variables()),
    ]


def main() -> None:
    try:
        secrets.from_files(os.environ, *names())
        secrets.from_aws(os.environ, *names())
    except ParleyError as error:
        sys.exit(f"Error: {error}")
    if command := sys.argv[1:]:
        try:
            os.execvp(command[0], command)
        except OSError as error:
            sys.exit(f"Error: {command[0]} cannot be started: {error.strerror}")
    for name in names():
        if value := os.environ.get(name):
            print(f"export {name}={shlex.quote(value)}")


if __name__ == "__main__":
    main()
