"""What Airflow keeps of runs that are long over: rows in its own database, and logs."""

from __future__ import annotations

import os
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

from parley.services import DEFAULT_PORT, LOGS, run_airflow

# All that `airflow db clean` knows but `dag` and `dag_version`: a DAG that has not been read for long, because Airflow
# was off, would be new and paused again, and a version goes with the last of its runs.
TABLES = (
    "_xcom_archive",
    "asset_event",
    "callback",
    "celery_taskmeta",
    "celery_tasksetmeta",
    "connection_test_request",
    "dag_run",
    "deadline",
    "import_error",
    "job",
    "log",
    "partitioned_asset_key_log",
    "revoked_token",
    "task_instance",
    "task_instance_history",
    "task_reschedule",
    "task_state_store",
    "trigger",
    "xcom",
)


def clean(days: int) -> int:
    """Delete what is older than so many days; of each DAG the last run stays.

    Returns:
        how many log files were deleted.

    Raises:
        ParleyError: Airflow's database could not be cleaned, with the end of what Airflow said.
    """
    before = datetime.now(UTC) - timedelta(days=days)
    which = ["--clean-before-timestamp", before.isoformat(), "--tables", ",".join(TABLES)]
    run_airflow(["db", "clean", *which, "--skip-archive", "--error-on-cleanup-failure", "--yes"], DEFAULT_PORT)
    return _clean_logs(Path(os.environ.get("AIRFLOW__LOGGING__BASE_LOG_FOLDER", LOGS)), before.timestamp())


def _clean_logs(folder: Path, before: float) -> int:
    """Delete files that nothing was written to since, and the folders that are empty for it."""
    deleted = 0
    emptied: set[Path] = set()
    for name, folders, files in os.walk(folder, topdown=False):
        here = Path(name)
        old = [here / file for file in files if (here / file).lstat().st_mtime < before]
        for path in old:
            path.unlink()
        deleted += len(old)
        if here != folder and (old or emptied.intersection(here / inner for inner in folders)):
            with suppress(OSError):  # there is something else in it
                here.rmdir()
                emptied.add(here)
    return deleted
