"""What the chat models cost: a full build of histories of growing size, and one new load of 4,000 events on each.

    python benchmarks/semantic.py [--repeats 5] [--events 36000 364000 3600000 36000000]

How the histories and the load are made is in chat_history.py. Cost is the model time, the sum of
the models' execution times in dbt's run_results.json; tests are not in it.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from multiprocessing import get_context
from pathlib import Path

from chat_history import BOT, NEW_EVENTS, land_history, land_new
from measured import Run, machine, run_dbt

from parley import settings
from parley.warehouse import Warehouse

WORK = settings.STATE / "bench"
RESULTS = Path(__file__).parent / "results" / "semantic.json"
HISTORIES = [36_000, 364_000, 3_600_000]


@dataclass
class History:
    """What was measured on one history; the new load once for each repetition, each time on the same tables."""

    events: int
    full_build: Run
    new_load: list[Run] = field(default_factory=list)

    @property
    def new_load_seconds(self) -> float:
        return statistics.median(run.seconds for run in self.new_load)

    @property
    def new_load_peak_mb(self) -> int:
        return max(run.peak_mb for run in self.new_load)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--events", type=int, nargs="+", default=HISTORIES, help="sizes of the histories")
    parser.add_argument("--repeats", type=int, default=5, help="runs of the new load, of which the median counts")
    arguments = parser.parse_args()

    shutil.rmtree(WORK, ignore_errors=True)
    WORK.mkdir(parents=True)
    histories = {size: _build(size) for size in arguments.events}
    # By turns, so that whatever else the machine does meets all histories alike.
    for repeat in range(arguments.repeats):
        for size, history in histories.items():
            # In a copy, so that it can be done again.
            path = Path(shutil.copy(_path(size), WORK / "run.duckdb"))
            # What a large copy has still to write would slow the run.
            os.sync()
            history.new_load.append(_dbt(path, "run", run_id=f"repeat {repeat}"))
    _report(list(histories.values()))


def _build(size: int) -> History:
    """Make a history, build all of its tables, and land the new load on it."""
    path = _path(size)
    # In a process of its own: the peak memory of a child counts from what its parent had.
    with ProcessPoolExecutor(1, get_context("spawn")) as apart:
        events = apart.submit(land_history, path, size).result()
    _dbt(path, "seed")
    full_build = _dbt(path, "run", "--full-refresh", run_id="history")
    with Warehouse("duckdb", path=path).connect() as connection:
        BOT.ledger.mark(connection, "history")
    land_new(path, size)
    return History(events, full_build)


def _dbt(path: Path, command: str, *options: str, run_id: str = "") -> Run:
    select = ("--select", "chat")
    return run_dbt(path, command, *select, *options, variables=BOT.dbt_vars, environment={"PARLEY_RUN_ID": run_id})


def _path(size: int) -> Path:
    return WORK / f"history_{size}.duckdb"


def _report(histories: list[History]) -> None:
    print(", ".join(f"{name} {value}" for name, value in machine().items()) + "\n")
    print("      history   full build    events/s     memory     new load   ratio   memory")
    smallest = histories[0].new_load_seconds
    for history in histories:
        full, new = history.full_build, history.new_load_seconds
        print(
            f"{history.events:>13,} {full.seconds:>10.1f} s {history.events / full.seconds:>11,.0f} "
            f"{full.peak_mb:>7,} MB {new:>10.2f} s {new / smallest:>7.2f} {history.new_load_peak_mb:>5,} MB"
        )
    content = {
        "measured_at": f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
        "machine": machine(),
        "new_load_events": NEW_EVENTS,
        "histories": [{**asdict(history), "new_load_median": history.new_load_seconds} for history in histories],
    }
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(content, indent=2) + "\n")
    print(f"\nSeconds are dbt's model time; of the new load the median. Every model: {RESULTS}")


if __name__ == "__main__":
    main()
