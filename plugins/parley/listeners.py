"""What Airflow tells Parley about its processes."""

from __future__ import annotations

import sys
from importlib import import_module
from typing import Any

from airflow.listeners import hookimpl


@hookimpl
def on_starting(component: Any) -> None:
    """Let the dag-processor import once what it would else import in each process that reads a DAG file."""
    # What is starting is known to the command line alone: the job has no type yet.
    if "dag-processor" in sys.argv:
        import_module("parley.preload")
