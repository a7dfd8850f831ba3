"""The engine comes to the same tables as dlt by itself, cell by cell."""

from __future__ import annotations

import json
import random
from collections import defaultdict
from collections.abc import Iterable, Iterator
from itertools import count
from pathlib import Path
from typing import Any

import plain_dlt
import pytest

from parley.unpack.contract import Row
from parley.unpack.engine import unpack
from parley.unpack.rasa import RASA
from parley.unpack.sources import Record, read_rasa
from parley.warehouse import Warehouse

SCHEMA = "demo_bot_event"
Table = tuple[dict[str, str], list[tuple[Any, ...]]]


def rows_of(records: Iterable[Record]) -> Iterator[Row]:
    positions: defaultdict[str, Iterator[int]] = defaultdict(count)
    for record in records:
        document = RASA.parse(record)
        yield from document.rows(next(positions[document.sequence]))


def tables(warehouse: Warehouse) -> dict[str, Table]:
    """The columns and types, and the sorted rows, of each table but the ids of loads and what dlt alone has."""
    found = {}
    with warehouse.connect() as connection:
        for table in connection.tables(SCHEMA) - {"_loads", "_versions", "_pipeline_state", "quarantine"}:
            columns = dict(
                connection.query(
                    "select column_name, data_type from information_schema.columns where table_schema = %s"
                    " and table_name = %s and column_name <> '_load_id' order by column_name",
                    [SCHEMA, table],
                )
            )
            names = ", ".join(f'"{name}"' for name in columns)
            found[table] = (columns, sorted(connection.query(f'select {names} from {SCHEMA}."{table}"'), key=repr))
    return found


def both(records: list[Record], folder: Path) -> tuple[dict[str, Table], dict[str, Table]]:
    """The tables of the engine, and those of dlt by itself."""
    found = []
    for name in ("engine", "plain"):
        warehouse = Warehouse("duckdb", path=folder / f"{name}.duckdb")
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("DLT_DATA_DIR", str(folder / name))
            if name == "engine":
                unpack(records, SCHEMA, RASA, warehouse)
            else:
                plain_dlt.load(rows_of(records), SCHEMA, RASA, warehouse, "parquet")
        found.append(tables(warehouse))
    return found[0], found[1]


def test_the_sample_becomes_the_same_tables(tmp_path: Path, sample: Path) -> None:
    ours, dlts = both(list(read_rasa(str(sample))), tmp_path)
    assert ours.keys() == dlts.keys()
    for table in ours:
        assert ours[table] == dlts[table], table
    assert sum(len(rows) for _, rows in ours.values()) > 10_000


# Few keys, so that the same one has values of many kinds. Blank keys, names that are too long and keys with two
# underscores are left out: they are told apart here and not by dlt.
KEYS = ("a", "b", "A b", "t.eur", "u-m", "über", "order", "17", "_po_", "an_id", "value")
SCALARS = (None, True, False, 0, 17, -(2**63), 2**63 - 1, 0.5, 3.0, -1e-300, 5e-324)
TEXTS = ("", "17", "1.5", "true", "yes", "2024-01-08", "\U0001f600", "a" * 3000)


def nasty(chance: random.Random, depth: int) -> Any:
    """A random JSON value, nested up to `depth` levels."""
    kind = chance.random() if depth else 0
    if kind < 0.5:
        return chance.choice(SCALARS + TEXTS)
    if kind < 0.75:
        return [nasty(chance, depth - 1) for _ in range(chance.randrange(4))]
    return {key: nasty(chance, depth - 1) for key in chance.sample(KEYS, chance.randrange(5))}


@pytest.mark.parametrize("seed", range(3))
def test_nasty_documents_become_the_same_tables(seed: int, tmp_path: Path) -> None:
    chance = random.Random(seed)
    contents = [{key: nasty(chance, depth=4) for key in chance.sample(KEYS, 4)} for _ in range(60)]
    events = [
        {"event": "user", "sender_id": f"s{number}", "timestamp": 1_700_000_000 + number, "metadata": content}
        for number, content in enumerate(contents)
    ]
    records = [Record("nasty", number, json.dumps(event), {}) for number, event in enumerate(events)]
    ours, dlts = both(records, tmp_path)
    assert ours.keys() == dlts.keys()
    for table in ours:
        assert ours[table] == dlts[table], table
