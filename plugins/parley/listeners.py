"""What Airflow tells Parley about its processes."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from airflow.listeners import hookimpl


@hookimpl
def on_starting(component: Any) -> None:
    """Let the dag-processor import once what it would else import in each process that reads a DAG file."""
    if getattr(component, "job_type", None) == "DagProcessorJob":
        import_module("parley.preload")
