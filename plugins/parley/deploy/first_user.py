"""Make the first user of Airflow's UI, if that user is not there yet: `python -m parley.deploy.first_user`.

Reads ADMIN_USER, ADMIN_EMAIL and ADMIN_PASSWORD. A user who is there keeps the password.
"""

from __future__ import annotations

import os
import sys

from airflow.providers.fab.auth_manager.cli_commands.utils import get_application_builder


def main() -> None:
    name, email = os.environ["ADMIN_USER"], os.environ["ADMIN_EMAIL"]
    with get_application_builder() as builder:
        security = builder.sm
        if security.find_user(name):
            print(f"The user {name} is there already: the password stays")
        elif security.add_user(name, name, "Parley", email, security.find_role("Admin"), os.environ["ADMIN_PASSWORD"]):
            print(f"The user {name} was made")
        else:
            sys.exit(f"The user {name} could not be made: is {email} taken by another?")


if __name__ == "__main__":
    main()
