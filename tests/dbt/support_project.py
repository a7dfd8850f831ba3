"""A support desk: the real engine to land its exports, and the real dbt project to build from them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from project import Project

from parley.loads import Ledger
from parley.pipelines import support_desk
from parley.warehouse import Warehouse

if TYPE_CHECKING:
    from parley.unpack.landing import Result

PATHS = ("path:models/support", "path:seeds/support")

Row = dict[str, Any]


@dataclass(frozen=True)
class Support(Project):
    """The exports of a support desk."""

    def land(self, **tables: Iterable[Row]) -> str | None:
        """Land rows by table as one load; the id of the load, None when there was nothing new in them."""
        folder = self.path.parent / "exports"
        folder.mkdir(exist_ok=True)
        for path in folder.iterdir():
            path.unlink()
        for table, rows in tables.items():
            (folder / f"{table}.ndjson").write_text("\n".join(json.dumps(row) for row in rows))
        return self.unpack(folder).load_id

    def unpack(self, source: Path) -> Result:
        """Land what is new in a file or folder as one load."""
        from parley.unpack.domains import unpack_new

        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("WAREHOUSE_PATH", str(self.path))
            return unpack_new(support_desk(), Warehouse.from_env(), str(source))

    def mark(self, run_id: str) -> list[str]:
        with self.connection() as connection:
            return Ledger("support_raw", "support_staging.support_load_ids").mark(connection, run_id)

    def build(self, *arguments: str, run_id: str) -> None:
        """Build everything of the domain, its archives too, without tests, and mark the loads as done."""
        nodes = (*PATHS, "path:snapshots/support")
        self.dbt(
            "build",
            "--exclude",
            "resource_type:unit_test",
            "resource_type:test",
            *arguments,
            select=nodes,
            run_id=run_id,
        )
        self.mark(run_id)

    def dbt(
        self,
        *arguments: str,
        select: Sequence[str] = PATHS,
        run_id: str = "",
        environment: str = "dev",
        check: bool = True,
    ) -> bool:
        """Run a command of dbt on the domain; whether it succeeded. Another environment has tables of its own."""
        env = {"PARLEY_RUN_ID": run_id, "PARLEY_LOAD_IDS": "", "DEPLOY_ENV": environment}
        selected = ["--select", *select] if select else []
        return self.invoke(*arguments, *selected, env=env, check=check)
