"""What benchmarks measure is for nobody to assert; that each can be started is."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[1] / "benchmarks"
BENCHMARKS = sorted(path for path in FOLDER.glob("*.py") if "ArgumentParser" in path.read_text())


@pytest.mark.parametrize("path", BENCHMARKS, ids=lambda path: path.stem)
def test_a_benchmark_says_how_it_is_used(path: Path) -> None:
    told = subprocess.run([sys.executable, str(path), "--help"], check=True, capture_output=True, text=True)
    assert "usage" in told.stdout
