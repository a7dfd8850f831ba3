"""A warehouse server that dies under dbt and under an unpacking, and is away for a while."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psycopg2
import pytest

from parley.settings import BIN
from parley.warehouse import Warehouse
from tests.faults.house import wait_until
from tests.warehouses.postgres import HOST, PASSWORD, USER, Server, create_database, running_postgres
from tests.warehouses.product import DOMAINS, Product, environment

BUILD = ("build", "--exclude", "resource_type:unit_test", "source:*")
# After the process has come to the server: at once, and in the middle of its work.
MOMENTS = (0.0, 0.7, 1.5)
OF_THE_RUN = "_load_ids"


@pytest.fixture
def server() -> Iterator[Server]:
    with running_postgres() as server:
        yield server


@pytest.mark.fault("`kill -9` of the warehouse server (PostgreSQL) under dbt, three times", "the same run, tried again")
@pytest.mark.fault("`kill -9` of the warehouse server under the unpacking, three times", "the next unpacking")
@pytest.mark.fault("the warehouse server is away when dbt starts", "the same run, tried again")
def test_the_server_is_killed_under_the_unpacking_and_under_dbt(server: Server, tmp_path: Path) -> None:
    undisturbed, disturbed = (product(server, name, tmp_path) for name in ("undisturbed", "disturbed"))
    first, second = undisturbed.domain.batches
    for each in (undisturbed, disturbed):
        loads = [each.unpack(first)]
        each.dbt(*BUILD, run_id="run 1")
        assert each.mark("run 1") == loads
    undisturbed.unpack(second)
    undisturbed.dbt(*BUILD, run_id="run 2")
    undisturbed.mark("run 2")

    unpack = [str(BIN / "parley"), "unpack", "rasa", str(second), "--bot", disturbed.domain.pipeline.name]
    died = [dies_with_the_server(server, disturbed, unpack, moment) for moment in MOMENTS]
    assert any(died), "the unpacking was done before the server was killed"
    subprocess.run(unpack, env=variables(disturbed), check=True, capture_output=True)
    with disturbed.warehouse.connect() as connection:
        [load_id] = disturbed.domain.pipeline.ledger.new(connection)

    dbt = [str(BIN / "dbt"), *disturbed.dbt_arguments(*BUILD)]
    died = [dies_with_the_server(server, disturbed, dbt, moment) for moment in MOMENTS]
    assert any(died), "dbt was done before the server was killed"
    server.kill()
    away = subprocess.run(dbt, env=variables(disturbed), check=False, capture_output=True, text=True)
    assert away.returncode != 0
    assert "refused" in away.stdout
    server.start()

    disturbed.dbt(*BUILD, run_id="run 2")
    assert disturbed.mark("run 2") == [load_id]
    assert disturbed.mark("run 2") == []
    expected, found = undisturbed.tables(), disturbed.tables()
    assert found.keys() == expected.keys()
    for table in expected:
        if not table.endswith(OF_THE_RUN):
            assert found[table] == expected[table], table


def product(server: Server, name: str, folder: Path) -> Product:
    """The conversations on a database of their own."""
    create_database(server.port, name)
    warehouse = Warehouse("postgres", None, HOST, server.port, USER, PASSWORD, name, "disable")
    return Product(DOMAINS[0], warehouse, folder / name, folder / "target")


def variables(product: Product) -> dict[str, str]:
    own = {"PARLEY_RUN_ID": "run 2", "DLT_DATA_DIR": str(product.state / "dlt")}
    return {**os.environ, **environment(product.warehouse), **own}


def dies_with_the_server(server: Server, product: Product, command: list[str], moment: float) -> bool:
    """Start a command, kill the server so many seconds after the command came to it, and start the server again.

    Returns:
        whether the command failed of it: it may have been done before.
    """
    with subprocess.Popen(
        command, env=variables(product), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        wait_until(lambda: process.poll() is not None or is_used(product), "the command comes to the server")
        time.sleep(moment)
        server.kill()
        with suppress(subprocess.TimeoutExpired):
            process.wait(timeout=120)
        assert process.poll() is not None, f"{command[0]} hangs without its server"
    server.start()
    return process.returncode != 0


def is_used(product: Product) -> bool:
    """Whether anybody else is connected to the database."""
    own = product.warehouse
    connection = psycopg2.connect(host=own.host, port=own.port, user=own.user, dbname=own.database)
    with connection, connection.cursor() as cursor:
        cursor.execute(
            "select count(*) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()"
        )
        [count] = cursor.fetchone() or [0]
    connection.close()
    return bool(count)
