"""The whole product without Airflow: unpack, build with dbt, mark, on any warehouse and for any domain."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from dbt.cli.main import dbtRunner

from parley import settings
from parley.pipelines import Pipeline, get_pipeline, shop, support_desk
from parley.publish import make_extract
from parley.unpack.domains import unpack_new
from parley.warehouse import Warehouse

Table = tuple[list[str], list[tuple[Any, ...]]]
"""Names of the columns, and rows in an order of their own."""


@dataclass(frozen=True)
class Domain:
    """A domain of the project, and the sample of its input.

    Attributes:
        name: of its folder in dbt/models.
        batches: sources, one load each.
        marts: the schemas whose tables are its result.
        vars: variables of dbt.
    """

    name: str
    pipeline: Pipeline
    batches: list[Path]
    marts: list[str]
    vars: dict[str, Any]


def _domain(pipeline: Pipeline, **variables: Any) -> Domain:
    """A domain with the whole of its sample, built with its own variables and these."""
    return Domain(
        pipeline.domain,
        pipeline,
        batches=sorted((settings.ROOT / "sample_data" / pipeline.domain).glob("batch_*")),
        marts=[pipeline.marts_schema, pipeline.built_schema("staging")],
        vars={**pipeline.dbt_vars, **variables},
    )


DEMO_BOT = get_pipeline("demo_bot")
# The shop's features are of a day before its last events. A full refresh does not drop their history (full_refresh:
# false): like every run it replaces the rows of this one day.
DOMAINS = [_domain(DEMO_BOT), _domain(shop(), end_date="2024-02-20"), _domain(support_desk())]
ARCHIVES = "archive_dev"
# Made of the time at which a load arrived.
OF_THE_TIME = "dbt_scd_id"


def environment(warehouse: Warehouse) -> dict[str, str]:
    """The variables that name the warehouse."""
    if warehouse.path:
        return {"WAREHOUSE": "duckdb", "WAREHOUSE_PATH": str(warehouse.path)}
    return {
        "WAREHOUSE": warehouse.kind,
        "PG_HOST": warehouse.host,
        "PG_PORT": str(warehouse.port),
        "PG_USER": warehouse.user,
        "PG_PASSWORD": warehouse.password,
        "PG_DATABASE_NAME": warehouse.database,
        "PG_SSLMODE": warehouse.sslmode,
    }


@dataclass(frozen=True)
class Product:
    """One domain on one warehouse.

    Attributes:
        state: folder of dlt's state.
        target: folder of dbt's target.
    """

    domain: Domain
    warehouse: Warehouse
    state: Path
    target: Path

    def unpack(self, source: Path) -> str:
        """Land a source; the id of the load."""
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(settings, "STATE", self.state)
            patch.setenv("DLT_DATA_DIR", str(self.state / "dlt"))
            for name, value in environment(self.warehouse).items():
                patch.setenv(name, value)
            return str(unpack_new(self.domain.pipeline, self.warehouse, str(source)).load_id)

    def dbt(self, *arguments: str, run_id: str = "") -> None:
        """Run a command of dbt on the domain."""
        with pytest.MonkeyPatch.context() as patch:
            for name, value in {**environment(self.warehouse), "PARLEY_RUN_ID": run_id}.items():
                patch.setenv(name, value)
            done = dbtRunner().invoke(self.dbt_arguments(*arguments))
        assert done.success, done.exception or [
            (node.node.unique_id, node.message) for node in done.result if node.status in ("error", "fail")
        ]

    def dbt_arguments(self, *arguments: str) -> list[str]:
        """A command of dbt with all that limits it to the domain."""
        folders = ["--project-dir", str(settings.DBT_PROJECT), "--profiles-dir", str(settings.DBT_PROJECT)]
        folders += ["--target-path", str(self.target), "--log-path", str(self.target)]
        select = ["--select", *(f"path:{folder}/{self.domain.name}" for folder in ("models", "seeds", "snapshots"))]
        return [*arguments, *select, *folders, "--vars", json.dumps(self.domain.vars), "--quiet"]

    def mark(self, run_id: str) -> list[str]:
        with self.warehouse.connect() as connection:
            return self.domain.pipeline.ledger.mark(connection, run_id)

    def tables(self) -> dict[str, Table]:
        """Every table and view of the marts, and the archives, by name.

        No two runs have the ids of loads and the times at which they arrived in common: `load 1`, `load 2`, ... stand
        in their place.
        """
        found: dict[str, Table] = {}
        with self.warehouse.connect() as connection:
            loads = sorted(self.domain.pipeline.ledger.loads(connection), key=lambda load: load.arrived_at)
            numbers = {
                key: f"load {number}"
                for number, load in enumerate(loads, start=1)
                for key in (load.load_id, load.arrived_at.replace(tzinfo=None))
            }
            for schema in (*self.domain.marts, ARCHIVES):
                for table in sorted(connection.tables(schema)):
                    columns = connection.query(
                        "select column_name from information_schema.columns where table_schema = %s"
                        " and table_name = %s order by ordinal_position",
                        [schema, table],
                    )
                    names = [name for (name,) in columns if name != OF_THE_TIME]
                    quoted = ", ".join(f'"{name}"' for name in names)
                    rows = [
                        tuple(numbers.get(value, value) for value in row)
                        for row in connection.query(f'select {quoted} from {schema}."{table}"')
                    ]
                    found[f"{schema}.{table}"] = names, sorted(rows, key=_place)
        return found

    def pages(self) -> dict[str, Table]:
        """What the pages in Airflow's UI show of the domain, by the name of the query; and what came with each load."""
        with self.warehouse.connect() as connection:
            extract = make_extract(self.domain.pipeline, connection)
        assert not extract.missing
        found: dict[str, Table] = {}
        for name, rows in extract.datasets.items():
            assert rows, name
            # The language in which texts are ordered is the server's.
            found[name] = list(rows[0]), sorted((tuple(row.values()) for row in rows), key=_place)
        counts = [facts.counts for facts in extract.loads]
        found["loads"] = ["documents", "rows", "set_aside"], [(c.documents, c.rows, c.set_aside) for c in counts if c]
        assert len(found["loads"][1]) == len(self.domain.batches)
        return found


def _place(row: tuple[Any, ...]) -> str:
    """What rows are sorted by: floats may differ in their last digit."""
    return repr([value for value in row if not isinstance(value, float)])
