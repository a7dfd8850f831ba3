"""A shop's warehouse of one's own, with the real engine to land events in it and the real dbt project to build it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from project import Project

from parley.loads import Ledger
from parley.pipelines import shop
from parley.warehouse import Warehouse

RAW = "ecommerce_raw"
# The profile is a snapshot of its own per date; it has its own tests.
WITHOUT_PROFILE = ["--exclude", "path:models/ecommerce/marts/profile", "path:models/ecommerce/intermediate/profile"]

Event = dict[str, Any]


@dataclass(frozen=True)
class Shop(Project):
    """The RudderStack events of a shop."""

    def rows(self, sql: str) -> list[dict[str, Any]]:
        """The rows of a query, by column."""
        with self.connection() as connection:
            result = connection.native.execute(sql)
            names = [column[0] for column in result.description]
            return [dict(zip(names, row, strict=True)) for row in result.fetchall()]

    def land(self, events: Iterable[Event]) -> str | None:
        """Land events as one load; the id of the load, None when there was nothing new in them."""
        from parley.unpack.engine import unpack
        from parley.unpack.rudderstack import RUDDERSTACK
        from parley.unpack.sources import Record

        records = [Record("test", number, json.dumps(event), {}) for number, event in enumerate(events, start=1)]
        return unpack(records, RAW, RUDDERSTACK, Warehouse("duckdb", path=self.path)).load_id

    def land_files(self, source: Path) -> str | None:
        """Land a file or folder as one load; the id of the load, None when there was nothing new in it."""
        from parley.unpack.domains import unpack_new

        return unpack_new(shop(), Warehouse("duckdb", path=self.path), str(source)).load_id

    def mark(self, run_id: str) -> list[str]:
        with self.connection() as connection:
            return Ledger(RAW, "ecommerce_staging.ecommerce_load_ids").mark(connection, run_id)

    def dbt(
        self,
        *arguments: str,
        run_id: str = "",
        load_ids: Sequence[str] = (),
        end_date: str = "",
        environment: str = "dev",
        check: bool = True,
        **variables: Any,
    ) -> bool:
        """Run a command of dbt; whether it succeeded.

        Args:
            environment: outside of dev the built schemas end in its name, so one warehouse can hold two builds.
            variables: variables of dbt for this run.
        """
        env = {
            "DEPLOY_ENV": environment,
            "PARLEY_RUN_ID": run_id,
            "PARLEY_LOAD_IDS": ",".join(load_ids),
            "PARLEY_END_DATE": end_date,
        }
        if variables.get("id_stitching") == "conservative":
            # As it is by default: the project need not be parsed for it.
            del variables["id_stitching"]
        project = replace(self, vars={**self.vars, **variables})
        return project.invoke(*arguments, env=env, check=check)
