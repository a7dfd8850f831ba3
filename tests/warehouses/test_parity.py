"""The same input gives the same tables on every warehouse, cell by cell, load by load and in one go."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest

from parley.warehouse import Kind
from tests.warehouses.conftest import MakeWarehouse
from tests.warehouses.product import DOMAINS, Domain, Product, Table

MODELS_ONLY = ["build", "--exclude", "resource_type:unit_test", "resource_type:test"]
# The pins name loads, and say when: no two runs have the same.
OF_THE_RUN = "_load_ids"

Results = list[dict[str, Table]]


@pytest.fixture(scope="session")
def run(
    make_warehouse: MakeWarehouse, targets: Path, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[Domain, Kind], Results]:
    """Runs the product on a domain's sample; gives its tables and the rows of the pages after the last load, and its
    tables after a full refresh."""

    @lru_cache
    def run_once(name: str, kind: Kind) -> Results:
        [domain] = [domain for domain in DOMAINS if domain.name == name]
        warehouse = make_warehouse(kind, f"parity_{name}")
        product = Product(domain, warehouse, tmp_path_factory.mktemp("state"), targets / kind / name)
        for number, batch in enumerate(domain.batches, start=1):
            load_id = product.unpack(batch)
            # The last time with all tests of data and models; on DuckDB tests/dbt has run them.
            with_tests = batch == domain.batches[-1] and kind != "duckdb"
            product.dbt(*(["build"] if with_tests else MODELS_ONLY), run_id=f"run {number}")
            assert product.mark(f"run {number}") == [load_id]
            assert product.mark(f"run {number}") == []
        incremental = {**product.tables(), **product.pages()}
        product.dbt(*MODELS_ONLY, "--full-refresh", run_id="full")
        return [incremental, product.tables()]

    return lambda domain, kind: run_once(domain.name, kind)


@pytest.mark.parametrize("kind", ["postgres", "redshift"])
@pytest.mark.parametrize("domain", DOMAINS, ids=lambda domain: domain.name)
def test_every_cell_is_that_of_duckdb(domain: Domain, kind: Kind, run: Callable[[Domain, Kind], Results]) -> None:
    for expected, found in zip(run(domain, "duckdb"), run(domain, kind), strict=True):
        assert found.keys() == expected.keys()
        for table in expected:
            if not table.endswith(OF_THE_RUN):
                assert differences(expected[table], found[table]) == [], table


@pytest.mark.parametrize("domain", DOMAINS, ids=lambda domain: domain.name)
def test_loads_one_by_one_come_to_what_a_full_refresh_makes(
    domain: Domain, run: Callable[[Domain, Kind], Results]
) -> None:
    for kind in ("duckdb", "postgres", "redshift"):
        incremental, full = run(domain, kind)
        marts = [table for table in full if table.startswith(domain.marts[0])]
        assert marts
        for table in marts:
            assert differences(full[table], incremental[table]) == [], (kind, table)


def differences(expected: Table, found: Table) -> list[tuple[Any, ...]]:
    """The first cells that differ: row, column, what was expected, what was found."""
    columns, rows = expected
    found_columns, found_rows = found
    if columns != found_columns:
        return [("columns", columns, found_columns)]
    if len(rows) != len(found_rows):
        return [("rows", len(rows), len(found_rows))]
    return [
        (number, column, a, b)
        for number, (row, other) in enumerate(zip(rows, found_rows, strict=True))
        for column, a, b in zip(columns, row, other, strict=True)
        if not same(a, b)
    ][:5]


def same(a: Any, b: Any) -> bool:
    if isinstance(a, float) or isinstance(b, float):
        return a is not None and b is not None and math.isclose(a, b, rel_tol=1e-9, abs_tol=1e-9)
    return bool(a == b) and isinstance(a, bool) == isinstance(b, bool)


@pytest.mark.parametrize(
    ("cell", "other", "is_same"),
    [
        (1, 1, True),
        (1, 2, False),
        (None, None, True),
        (None, 0.0, False),
        (0.1 + 0.2, 0.3, True),
        (0.3, 0.30001, False),
        (1, True, False),
        ("a", "A", False),
    ],
)
def test_a_cell_that_differs_is_found(cell: Any, other: Any, is_same: bool) -> None:
    assert (differences((["a"], [(cell,)]), (["a"], [(other,)])) == []) is is_same
    assert differences((["a"], [(cell,)]), (["b"], [(cell,)])) != []
    assert differences((["a"], [(cell,)]), (["a"], [])) != []
