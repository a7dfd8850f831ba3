"""What the models of the shop cost: a full build of growing histories, and one new load of 4,000 events on each.

    python benchmarks/ecommerce.py [--repeats 3] [--tracks 1000000 10000000]

How the histories and the load are made is in shop_history.py. Cost is the model time, the sum of the models' execution
times in dbt's run_results.json; tests are not in it. The profile is computed anew for every user on each run, so its
share is given apart.
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from multiprocessing import get_context
from pathlib import Path

from measured import Run, machine, run_dbt
from shop_history import NEW_EVENTS, land_history, land_new

from parley import settings
from parley.pipelines import shop
from parley.warehouse import Warehouse

WORK = settings.STATE / "bench_ecommerce"
RESULTS = Path(__file__).parent / "results" / "ecommerce.json"
HISTORIES = [1_000_000, 10_000_000]
# After the last event of any history.
END_DATE = "2025-01-31"


@dataclass
class History:
    """What was measured on one history; the new load once for each repetition, each time on the same tables."""

    tracks: int
    users: int
    full_build: Run
    new_load: list[Run] = field(default_factory=list)

    @property
    def new_load_seconds(self) -> float:
        return statistics.median(run.seconds for run in self.new_load)

    @property
    def profile_seconds(self) -> float:
        return statistics.median(profile_seconds(run) for run in self.new_load)


def profile_seconds(run: Run) -> float:
    return sum(seconds for model, seconds in run.models.items() if "_profile__" in model or "event_stream_" in model)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--tracks", type=int, nargs="+", default=HISTORIES, help="sizes of the histories")
    parser.add_argument("--repeats", type=int, default=3, help="runs of the new load, of which the median counts")
    arguments = parser.parse_args()

    shutil.rmtree(WORK, ignore_errors=True)
    WORK.mkdir(parents=True)
    histories = []
    for size in arguments.tracks:
        path = WORK / f"history_{size}.duckdb"
        history = _build(path, size)
        for repeat in range(arguments.repeats):
            # In a copy, so that it can be done again.
            again = Path(shutil.copy(path, WORK / "run.duckdb"))
            history.new_load.append(_dbt(again, "run", run_id=f"repeat {repeat}"))
        histories.append(history)
        path.unlink()
    _report(histories)


def _build(path: Path, size: int) -> History:
    """Make a history, build all of its tables, and land the new load on it."""
    # In a process of its own: the peak memory of a child counts from what its parent had.
    with ProcessPoolExecutor(1, get_context("spawn")) as apart:
        tracks = apart.submit(land_history, path, size).result()
    _dbt(path, "seed")
    full_build = _dbt(path, "run", run_id="history")
    with Warehouse("duckdb", path=path).connect() as connection:
        shop().ledger.mark(connection, "history")
        [[users]] = connection.query("select count(*) from ecommerce_marts.event_stream_customer_features_latest")
    land_new(path, size)
    return History(tracks, int(users), full_build)


def _dbt(path: Path, command: str, run_id: str = "") -> Run:
    environment = {"PARLEY_RUN_ID": run_id, "PARLEY_END_DATE": END_DATE}
    return run_dbt(path, command, "--select", "ecommerce", variables={}, environment=environment)


def _report(histories: list[History]) -> None:
    print(", ".join(f"{name} {value}" for name, value in machine().items()) + "\n")
    print("       tracks     users   full build   of it profile    memory   new load   of it profile    memory")
    for history in histories:
        full = history.full_build
        print(
            f"{history.tracks:>13,} {history.users:>9,} {full.seconds:>10.1f} s {profile_seconds(full):>13.1f} s "
            f"{full.peak_mb:>6,} MB {history.new_load_seconds:>8.1f} s {history.profile_seconds:>13.1f} s "
            f"{max(run.peak_mb for run in history.new_load):>6,} MB"
        )
    content = {
        "measured_at": f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
        "machine": machine(),
        "new_load_events": NEW_EVENTS,
        "histories": [
            {
                **asdict(history),
                "new_load_median": history.new_load_seconds,
                "full_build_profile": round(profile_seconds(history.full_build), 3),
                "new_load_profile_median": round(history.profile_seconds, 3),
            }
            for history in histories
        ],
    }
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(content, indent=2) + "\n")
    print(f"\nSeconds are dbt's model time; of the new load the median. Every model: {RESULTS}")


if __name__ == "__main__":
    main()
