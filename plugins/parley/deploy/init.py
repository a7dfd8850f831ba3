"""Make Airflow's database ready before its processes start: `python -m parley.deploy.init`.

Does what is still to be done, so that it may run at every start: the tables of Airflow and of its users, the pool of
the warehouse, and the first user.
"""

from __future__ import annotations

import os
import subprocess
import sys

from parley.warehouse import POOL, POOL_SLOTS, Warehouse


def main() -> None:
    slots = str(POOL_SLOTS[Warehouse.from_env().kind])
    steps = (
        ["airflow", "db", "migrate"],
        ["airflow", "pools", "set", POOL, slots, "Writes to the warehouse"],
        # Not `airflow users create`: its password would be seen in the list of processes.
        [sys.executable, "-m", "parley.deploy.first_user"],
    )
    for step in steps:
        print("==", *step[:3], flush=True)
        if code := subprocess.run(step, env=os.environ, check=False).returncode:
            sys.exit(code)


if __name__ == "__main__":
    main()
