"""What the benchmark of Airflow's overhead has found, as a table and as JSON."""

from __future__ import annotations

import json
import statistics
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from measured import machine

IDLE_AIM = 5.0
PARSE_AIM = 0.5
PARSE_AIM_BY_BOT = 0.05
RATIO_AIM = 1.5


@dataclass(frozen=True)
class Run:
    """One run: wall seconds; CPU seconds of all processes, and by process of Airflow; peak of their memory in MB."""

    seconds: float
    cpu_seconds: float
    peak_mb: int
    cpu_by_process: dict[str, float] = field(default_factory=dict)


@dataclass
class Result:
    """All that was measured. A run counts the whole Airflow, its servers too.

    Attributes:
        events: in the raw tables.
        tasks: of the shipped DAG.
        beside_shipped, beside_stock: dbt by itself, in turn with the runs in the one and in the other Airflow.
        without_loads: a run of the shipped DAG that finds nothing to do.
        idle_cpu, idle_mb: by process of the shipped Airflow, in per cent of a core and in MB.
        parse_seconds: of the bots' DAG file, by the number of bots that Airflow was started with.
        parse_seconds_before_restart: by the number of bots, of which all but one came after the start.
    """

    events: int
    tasks: int = 0
    beside_shipped: list[Run] = field(default_factory=list)
    shipped: list[Run] = field(default_factory=list)
    floor: list[Run] = field(default_factory=list)
    beside_stock: list[Run] = field(default_factory=list)
    watcher: list[Run] = field(default_factory=list)
    local: list[Run] = field(default_factory=list)
    without_loads: Run | None = None
    idle_cpu: dict[str, float] = field(default_factory=dict)
    idle_mb: dict[str, int] = field(default_factory=dict)
    parse_seconds: dict[int, float] = field(default_factory=dict)
    parse_seconds_before_restart: dict[int, float] = field(default_factory=dict)

    def ratios(self) -> dict[str, float]:
        """Of median wall times; each way is compared with the dbt that ran in turn with it."""
        ratios = {}
        if self.shipped:
            dbt, shipped = median(self.beside_shipped), median(self.shipped)
            ratios["shipped / dbt"] = shipped / dbt
            ratios["shipped / (dbt + floor)"] = shipped / (dbt + median(self.floor))
        if self.watcher:
            ratios["watcher / dbt"] = median(self.watcher) / median(self.beside_stock)
        if self.local:
            ratios["local / dbt"] = median(self.local) / median(self.beside_stock)
        return {name: round(ratio, 2) for name, ratio in ratios.items()}

    def added_by_bot(self, parse_seconds: dict[int, float]) -> float:
        """What one more bot adds to reading the file, in seconds."""
        most = max(parse_seconds)
        return round((parse_seconds[most] - self.parse_seconds[1]) / (most - 1), 4)

    def aims(self) -> dict[str, bool]:
        """What was aimed at, and whether it is reached."""
        ratios, aims = self.ratios(), {}
        if self.shipped:
            aims["a run takes no longer than dbt and the floor together"] = ratios["shipped / (dbt + floor)"] <= 1
            aims[f"a run takes at most {RATIO_AIM} times as long as dbt"] = ratios["shipped / dbt"] <= RATIO_AIM
        if self.parse_seconds:
            aims[f"the DAG file is read in less than {PARSE_AIM} s"] = self.parse_seconds[1] < PARSE_AIM
            aims[f"a bot adds at most {PARSE_AIM_BY_BOT * 1000:.0f} ms to that"] = (
                self.added_by_bot(self.parse_seconds) <= PARSE_AIM_BY_BOT
            )
        if self.idle_cpu:
            aims[f"the idle scheduler takes less than {IDLE_AIM:.0f} % of a core"] = (
                self.idle_cpu["scheduler"] < IDLE_AIM
            )
        if self.without_loads:
            aims["a run without new loads starts no dbt"] = True
        return aims


def median(runs: list[Run]) -> float:
    """Wall seconds."""
    return statistics.median(run.seconds for run in runs)


def report(result: Result, path: Path) -> None:
    """Print the result and write it."""
    described = machine() | {name: version(name) for name in ("apache-airflow", "astronomer-cosmos")}
    print("\n" + "\n".join(text(result, described)))
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(content(result, described), indent=2) + "\n")
    print(f"\nEvery run: {path}")


def content(result: Result, machine: dict[str, Any]) -> dict[str, Any]:
    """What is written."""
    return {
        "measured_at": f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
        "machine": machine,
        **asdict(result),
        "ratios": result.ratios(),
        "aims": result.aims(),
    }


def text(result: Result, machine: dict[str, Any]) -> list[str]:
    """The lines that are printed."""
    lines = [", ".join(f"{name} {value}" for name, value in machine.items())]
    lines += [f"{result.events:,} events; the DAG has {result.tasks} tasks", ""]
    lines.append(f"{'median of runs':<28} runs     wall   CPU seconds   peak memory")
    ways = {
        "dbt by itself": result.beside_shipped,
        "the DAG as shipped": result.shipped,
        "its graph, doing nothing": result.floor,
        "dbt, beside a stock Airflow": result.beside_stock,
        "Cosmos' watcher as it comes": result.watcher,
        "Cosmos' local mode": result.local,
        "as shipped, no new loads": [result.without_loads] if result.without_loads else [],
    }
    for name, runs in ways.items():
        if runs:
            cpu, peak = statistics.median(run.cpu_seconds for run in runs), max(run.peak_mb for run in runs)
            lines.append(f"{name:<28} {len(runs):>4} {median(runs):>6.1f} s {cpu:>11.1f} s {peak:>10,} MB")
    lines += ["", *(f"{name:<28} {ratio:.2f}" for name, ratio in result.ratios().items())]
    if result.parse_seconds:
        lines += ["", "The bots' DAG file is read in"]
        for when, by_bots in {
            "all there when Airflow starts": result.parse_seconds,
            "all but one added since": result.parse_seconds_before_restart,
        }.items():
            for bots, seconds in by_bots.items():
                lines.append(f"  {seconds:.2f} s with {bots:>2} bots, {when}")
            lines.append(f"  {result.added_by_bot(by_bots) * 1000:.0f} ms for each further bot, {when}")
    if result.idle_cpu:
        idle = (f"{name} {cpu} %, {result.idle_mb[name]} MB" for name, cpu in result.idle_cpu.items())
        lines += ["", f"Idle: {'; '.join(idle)}"]
    aims = (f"{'reached    ' if reached else 'NOT REACHED'} {aim}" for aim, reached in result.aims().items())
    return [*lines, "", *aims]
