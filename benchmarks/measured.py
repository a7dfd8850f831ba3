"""What one run of dbt costs, and on which machine."""

from __future__ import annotations

import json
import os
import platform
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from parley import settings


@dataclass
class Run:
    """One dbt run: model time in seconds, of all and by model; peak memory of the process in MB."""

    seconds: float
    peak_mb: int
    models: dict[str, float]


def run_dbt(
    path: Path, command: str, *options: str, variables: Mapping[str, Any], environment: Mapping[str, str]
) -> Run:
    """Run dbt on a DuckDB file, in a process of its own. Its target is a folder beside the file."""
    target, project = str(path.parent / "target"), str(settings.DBT_PROJECT)
    dbt = [
        str(settings.BIN / "dbt"),
        "--quiet",
        command,
        *options,
        "--vars",
        json.dumps(dict(variables)),
    ]
    folders = ["--project-dir", project, "--profiles-dir", project, "--target-path", target, "--log-path", target]
    warehouse = {"WAREHOUSE": "duckdb", "WAREHOUSE_PATH": str(path), "DEPLOY_ENV": "dev"}
    process = subprocess.Popen([*dbt, *folders], env={**os.environ, **warehouse, **environment})
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"dbt {command} failed on {path}; its log is {target}/dbt.log.")
    results = json.loads((Path(target) / "run_results.json").read_text())["results"]
    models = {result["unique_id"].split(".")[-1]: round(result["execution_time"], 3) for result in results}
    return Run(round(sum(models.values()), 3), usage.ru_maxrss // 1024, models)


def machine() -> dict[str, Any]:
    return {
        "cpu": _first_line("/proc/cpuinfo", "model name"),
        "cores": os.cpu_count(),
        "memory": _first_line("/proc/meminfo", "MemTotal"),
        # Above the number of cores, other work took its share of the time.
        "load": round(os.getloadavg()[2], 1),
        "python": platform.python_version(),
        **{name: version(name) for name in ("duckdb", "dbt-core", "dbt-duckdb")},
    }


def _first_line(path: str, name: str) -> str:
    lines = (line for line in Path(path).read_text().splitlines() if line.startswith(name))
    return next(lines, "unknown").partition(":")[2].strip()
