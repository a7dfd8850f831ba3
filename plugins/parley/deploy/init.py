"""Make Airflow's database ready before its processes start: `python -m parley.deploy.init`.

Does what is still to be done, so that it may run at every start: the tables of Airflow and of its users, the pool of
the warehouse, and the first user.
"""

from __future__ import annotations

import os
import subprocess
import sys

from parley.warehouse import POOL, POOL_SLOTS, Warehouse

SET_PASSWORD = """
import os
from airflow.providers.fab.auth_manager.cli_commands.utils import get_application_builder

with get_application_builder() as builder:
    security = builder.sm
    name, email = os.environ["ADMIN_USER"], os.environ["ADMIN_EMAIL"]
    password = os.environ["ADMIN_PASSWORD"]
    if security.find_user(name):
        print(f"The user {name} is there already: its password stays")
    elif security.add_user(name, name, "Parley", email, security.find_role("Admin"), password):
        print(f"The user {name} was made")
    else:
        raise SystemExit(f"The user {name} could not be made: is {email} taken by another?")
"""


def main() -> None:
    slots = str(POOL_SLOTS[Warehouse.from_env().kind])
    steps = (
        ["airflow", "db", "migrate"],
        ["airflow", "pools", "set", POOL, slots, "Writes to the warehouse"],
        # Not `airflow users create`: its password would be seen in the list of processes.
        [sys.executable, "-c", SET_PASSWORD],
    )
    for step in steps:
        print("==", *step[:3] if step[0] == "airflow" else ["the first user"], flush=True)
        if code := subprocess.run(step, env=os.environ, check=False).returncode:
            sys.exit(code)


if __name__ == "__main__":
    main()
