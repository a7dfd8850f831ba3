"""The three warehouses: DuckDB in a file, a PostgreSQL server, and the stand-in for Redshift in front of that."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from parley.warehouse import Kind, Warehouse
from tests.warehouses.postgres import HOST, PASSWORD, USER, create_database, running_postgres
from tests.warehouses.redshift_stand_in.gateway import install_catalog, running_gateway

MakeWarehouse = Callable[[Kind, str], Warehouse]


@pytest.fixture(scope="session")
def postgres_port() -> Iterator[int]:
    with running_postgres() as server:
        yield server.port


@pytest.fixture(scope="session")
def redshift_port(postgres_port: int) -> Iterator[int]:
    with running_gateway(postgres_port) as port:
        yield port


@pytest.fixture(scope="session")
def make_warehouse(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> MakeWarehouse:
    """Makes an empty warehouse of a kind under a name."""

    def make(kind: Kind, name: str) -> Warehouse:
        if kind == "duckdb":
            return Warehouse("duckdb", path=tmp_path_factory.mktemp(name) / "warehouse.duckdb")
        postgres_port: int = request.getfixturevalue("postgres_port")
        database = f"{kind}_{name}"
        create_database(postgres_port, database, by_bytes=kind == "redshift")
        if kind == "redshift":
            install_catalog(postgres_port, USER, database)
        port: int = request.getfixturevalue(f"{kind}_port")
        return Warehouse(kind, None, HOST, port, USER, PASSWORD, database, "disable")

    return make


@pytest.fixture(scope="session")
def targets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of dbt's targets, shared so that the project is parsed once for each kind of warehouse."""
    return tmp_path_factory.mktemp("targets")
