"""What unpacking costs: this engine, dlt by itself, dlt with Parquet files, and parsing alone, on the same events.

    python benchmarks/unpack.py [--events 300000] [--slow-events 100000]

The events are those of the sample, again and again with other senders and later times. Each way runs in a process of
its own, into an empty DuckDB file. CPU time is that of the whole process.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from measured import machine

from parley import settings

if TYPE_CHECKING:
    from parley.unpack.contract import Row

WORK = settings.STATE / "bench_unpack"
RESULTS = Path(__file__).parent / "results" / "unpack.json"
SCHEMA = "bench_event"
SECONDS_BETWEEN_COPIES = 7200


@dataclass
class Measured:
    """What one way took for a number of events: wall seconds, CPU seconds, peak memory of its process in MB."""

    way: str
    events: int
    seconds: float
    cpu_seconds: float
    peak_mb: int


def write_events(number: int, path: Path) -> Path:
    """NDJSON of so many events, like the sample's."""
    sample = [json.loads(line) for file in sorted(settings.SAMPLE_CHAT.rglob("*.ndjson")) for line in file.open()]
    with path.open("w") as lines:
        for index in range(number):
            copy, event = index // len(sample), sample[index % len(sample)]
            moved = {
                "sender_id": f"{event['sender_id']}-{copy}",
                "timestamp": event["timestamp"] + copy * SECONDS_BETWEEN_COPIES,
            }
            lines.write(json.dumps({**event, **moved}) + "\n")
    return path


def engine(events: Path) -> None:
    from parley.unpack.engine import unpack
    from parley.unpack.rasa import RASA
    from parley.warehouse import Warehouse

    unpack(RASA.read(str(events)), SCHEMA, RASA, Warehouse("duckdb", path=events.parent / "engine.duckdb"))


def dlt_parquet(events: Path) -> None:
    _plain_dlt(events, "parquet")


def dlt_inserts(events: Path) -> None:
    _plain_dlt(events, "insert_values")


def parse(events: Path) -> None:
    import orjson

    with events.open("rb") as lines:
        for line in lines:
            orjson.loads(line)


WAYS: dict[str, Callable[[Path], None]] = {
    "this engine": engine,
    "dlt with Parquet": dlt_parquet,
    "dlt as it comes": dlt_inserts,
    "parsing alone": parse,
}
SLOW = ("dlt with Parquet", "dlt as it comes")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--events", type=int, nargs="+", default=[300_000], help="how many")
    parser.add_argument("--slow-events", type=int, default=100_000, help="how many for dlt by itself")
    parser.add_argument("--ways", nargs="+", choices=WAYS, default=list(WAYS), help="what to measure")
    parser.add_argument("--only", nargs=2, metavar=("WAY", "FILE"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.only:
        _measure_here(*arguments.only)
        return

    measured = []
    for way in arguments.ways:
        for number in [arguments.slow_events] if way in SLOW else arguments.events:
            measured.append(_measure(way, number))
            print(_line(measured[-1]), flush=True)
    content = {
        "measured_at": f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
        "machine": machine(),
        "ways": [asdict(item) for item in measured],
    }
    RESULTS.write_text(json.dumps(content, indent=2) + "\n")
    print(f"\nThe machine's load was {content['machine']['load']}. Everything is in {RESULTS}.")


def _measure(way: str, number: int) -> Measured:
    """Measure in a process of its own."""
    folder = WORK / way.replace(" ", "_")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    events = write_events(number, folder / "events.ndjson")
    command = [sys.executable, __file__, "--only", way, str(events)]
    environment = {**os.environ, "PARLEY_STATE": str(folder), "DLT_DATA_DIR": str(folder)}
    found = subprocess.run(command, env=environment, stdout=subprocess.PIPE, check=False)
    if found.returncode:
        raise SystemExit(f"'{way}' failed.")
    shutil.rmtree(folder)
    return Measured(way, number, **json.loads(found.stdout.splitlines()[-1]))


def _measure_here(way: str, events: str) -> None:
    from parley.unpack import engine  # noqa: F401 - what is imported is not measured

    wall, cpu = time.perf_counter(), time.process_time()
    WAYS[way](Path(events))
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(json.dumps({"seconds": round(wall, 2), "cpu_seconds": round(cpu, 2), "peak_mb": peak}))


def _plain_dlt(events: Path, file_format: Literal["parquet", "insert_values"]) -> None:
    import plain_dlt

    from parley.unpack.rasa import RASA
    from parley.warehouse import Warehouse

    warehouse = Warehouse("duckdb", path=events.parent / "plain.duckdb")
    plain_dlt.load(_rows(events), SCHEMA, RASA, warehouse, file_format)


def _rows(events: Path) -> Iterator[Row]:
    from parley.unpack.rasa import RASA

    positions: defaultdict[str, Iterator[int]] = defaultdict(count)
    for record in RASA.read(str(events)):
        document = RASA.parse(record)
        yield from document.rows(next(positions[document.sequence]))


def _line(item: Measured) -> str:
    return (
        f"{item.way:<18} {item.events:>9,} events {item.seconds:>8.2f} s {item.events / item.seconds:>9,.0f} events/s "
        f"{item.cpu_seconds / item.events * 1e6:>7.0f} CPU s per million {item.peak_mb:>7,} MB"
    )


if __name__ == "__main__":
    main()
