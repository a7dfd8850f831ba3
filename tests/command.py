"""Parley's command, as a user gives it."""

from __future__ import annotations

import subprocess

from parley import settings

PARLEY = str(settings.BIN / "parley")


def parley(*arguments: str) -> subprocess.CompletedProcess[str]:
    """What it prints, and its exit code."""
    return subprocess.run([PARLEY, *arguments], capture_output=True, text=True, check=False)
