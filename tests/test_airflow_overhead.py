"""The parts of the benchmark of Airflow's overhead; what it measures is for nobody to assert."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from configparser import RawConfigParser
from pathlib import Path

import psutil
import pytest
from airflow_in_copy import PLACES
from airflow_overhead import parse_arguments
from airflow_report import Result, Run, content, text
from processes import cpu_seconds, metered, none_left

from parley import settings


@pytest.fixture
def result() -> Result:
    return Result(
        events=3000,
        tasks=42,
        beside_shipped=[Run(10, 9, 200), Run(12, 9, 210), Run(11, 9, 190)],
        shipped=[Run(22, 30, 900, {"tasks": 20.0}), Run(25, 31, 950), Run(23, 32, 940)],
        floor=[Run(14, 10, 800), Run(11, 10, 800), Run(12, 10, 800)],
        beside_stock=[Run(20, 9, 200)],
        watcher=[Run(80, 99, 2000)],
        without_loads=Run(2, 1, 800),
        idle_cpu={"api-server": 1.0, "scheduler": 6.0},
        idle_mb={"api-server": 200, "scheduler": 150},
        parse_seconds={1: 0.2, 20: 1.15},
        parse_seconds_before_restart={20: 2.1},
    )


def test_each_way_is_compared_with_the_dbt_that_ran_in_turn_with_it(result: Result) -> None:
    assert result.ratios() == {"shipped / dbt": 2.09, "shipped / (dbt + floor)": 1.0, "watcher / dbt": 4.0}


def test_what_is_reached_is_told_from_what_is_not(result: Result) -> None:
    assert result.added_by_bot(result.parse_seconds) == 0.05
    assert result.added_by_bot(result.parse_seconds_before_restart) == 0.1
    assert list(result.aims().values()) == [True, False, True, True, False, True]
    lines = text(result, {"cores": 2})
    assert sum(line.startswith("NOT REACHED") for line in lines) == 2
    assert any("the DAG as shipped" in line and "23.0 s" in line and "950 MB" in line for line in lines)


def test_what_was_not_measured_is_not_told() -> None:
    assert Result(events=1).aims() == {}
    assert not any("reached" in line.lower() for line in text(Result(events=1), {}))


def test_the_results_are_json_with_every_run(result: Result) -> None:
    written = json.loads(json.dumps(content(result, {"cores": 2})))
    assert written["shipped"][0]["cpu_by_process"] == {"tasks": 20.0}
    assert written["ratios"]["watcher / dbt"] == 4.0


def test_without_dbt_there_is_nothing_to_compare_with(capsys: pytest.CaptureFixture[str]) -> None:
    assert (parse_arguments([]).repeats, parse_arguments([]).events) == (5, 0)
    with pytest.raises(SystemExit):
        parse_arguments(["--repeats", "0"])
    assert "compared with dbt" in capsys.readouterr().err


def test_a_stock_airflow_is_told_where_things_are_and_nothing_that_is_tuned() -> None:
    shipped = RawConfigParser()
    shipped.read(settings.ROOT / "airflow.cfg")
    assert all(shipped.has_option(section, name) for section, names in PLACES.items() for name in names)
    assert not PLACES.keys() & {"scheduler", "workers", "dag_processor", "triggerer"}
    assert "mp_forkserver_preload" not in PLACES["core"]


def test_a_tree_of_processes_is_metered_with_its_children() -> None:
    burn = "sum(i * i for i in range(4_000_000))"
    code = f"import subprocess, sys; subprocess.run([sys.executable, '-c', '{burn}']); input()"
    process = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE)
    try:
        with metered(lambda: [process.pid]) as cost:
            time.sleep(2)
        assert cost.peak_mb > 0
        # The kernel counts hundredths, of which sums and differences may be off by a hair.
        assert round(cpu_seconds([process.pid]), 2) >= round(cost.cpu_seconds, 2) > 0.05
    finally:
        process.communicate(b"\n", timeout=30)
    assert cpu_seconds([process.pid]) == 0


def test_nothing_that_was_started_is_left(tmp_path: Path) -> None:
    code = (
        "import pathlib, subprocess, sys;"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'], start_new_session=True);"
        f"pathlib.Path({str(tmp_path / 'pid')!r}).write_text(str(child.pid)); child.wait()"
    )
    with pytest.raises(KeyboardInterrupt), none_left():
        subprocess.Popen([sys.executable, "-c", code])
        while not (tmp_path / "pid").exists():
            time.sleep(0.1)
        time.sleep(1.5)
        raise KeyboardInterrupt
    pid = int((tmp_path / "pid").read_text())
    assert not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
