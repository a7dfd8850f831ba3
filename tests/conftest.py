"""The tests run in a copy of the project: its warehouse, Airflow's home and dlt's state are made and thrown away there.

PARLEY_ROOT is set before anything imports `parley` or Airflow, both of which read it once.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import fsspec
import httpx
import pytest
from own_copy import PROJECT, copy_project, own_environment

# Folders by how long a file of theirs takes.
LONGEST = ("tests/e2e/", "tests/warehouses/", "tests/deploy/", "tests/dbt/", "tests/dags/", "tests/unpack/")
ROOT = Path(tempfile.mkdtemp(prefix="parley-tests-"))

copy_project(ROOT)
# Whatever other bots there are, the tests know the sample's.
for bot in (ROOT / "dags" / "bots").glob("*.yml"):
    if bot.stem != "demo_bot":
        bot.unlink()

for variable in os.environ.keys() - own_environment().keys():
    del os.environ[variable]
os.environ["PARLEY_ROOT"] = str(ROOT)
os.environ["DEPLOY_ENV"] = "dev"
# A task that fails is tried once more, soon: the tests make some fail.
os.environ["TASK_RETRIES"] = "1"
os.environ["TASK_RETRY_DELAY_SECONDS"] = "1"
# Only what a test triggers runs.
os.environ["AIRFLOW__SCHEDULER__USE_JOB_SCHEDULE"] = "False"

from parley import packages, services, settings  # noqa: E402
from parley.warehouse import Warehouse  # noqa: E402
from tests.reliability import Reliability  # noqa: E402

assert settings.ROOT == ROOT
# `make test` has installed them; who starts pytest by hand gets them here.
if packages.missing(PROJECT / "dbt"):
    packages.install(PROJECT / "dbt")
if packages.missing():
    shutil.copytree(PROJECT / "dbt" / "dbt_packages", settings.DBT_PROJECT / "dbt_packages", dirs_exist_ok=True)
os.environ.update(services.airflow_env(services.free_port()))


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--reliability", action="store_true", help="Write the table of docs/reliability.md.")


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("--reliability"):
        config.pluginmanager.register(Reliability())


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The files that take longest come first, so that two processes end at about the same time."""

    def rank(item: pytest.Item) -> int:
        return next((rank for rank, folder in enumerate(LONGEST) if item.nodeid.startswith(folder)), len(LONGEST))

    items.sort(key=rank)


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish() -> None:
    shutil.rmtree(ROOT, ignore_errors=True)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(call: pytest.CallInfo[None]) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """What Airflow's tasks have logged as errors while a test ran that failed: the logs are thrown away."""
    report = yield
    if report.failed:
        for path in sorted(services.LOGS.glob("dag_id=*/**/*.log")):
            if path.stat().st_mtime >= call.start and (errors := _errors(path)):
                report.sections.append((f"errors in {path.relative_to(services.LOGS)}", errors))
    return report


def _errors(log: Path) -> str:
    """The lines of a task's log that are no mere information, each cut."""
    lines = log.read_text(errors="replace").splitlines()
    return "\n".join(line[:1500] for line in lines if '"level":"info"' not in line and '"level":"debug"' not in line)


@pytest.fixture
def warehouse(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Warehouse:
    """An empty DuckDB warehouse, and dlt's state beside it."""
    monkeypatch.setenv("WAREHOUSE_PATH", str(tmp_path / "warehouse.duckdb"))
    monkeypatch.setattr(settings, "STATE", tmp_path / "state")
    return Warehouse.from_env()


@pytest.fixture(scope="session")
def sample() -> Path:
    """The folder of the sample conversations."""
    return settings.SAMPLE_CHAT


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """An empty bucket named `parley` on a stand-in for S3."""
    from boto3 import client
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    variables = {"AWS_ACCESS_KEY_ID": "any", "AWS_SECRET_ACCESS_KEY": "any", "AWS_DEFAULT_REGION": "eu-central-1"}
    for name, value in {**variables, "AWS_ENDPOINT_URL": f"http://{host}:{port}"}.items():
        monkeypatch.setenv(name, value)
    fsspec.filesystem("s3").clear_instance_cache()
    s3 = client("s3", endpoint_url=f"http://{host}:{port}")
    httpx.post(f"http://{host}:{port}/moto-api/reset").raise_for_status()  # moto's buckets outlive its servers
    s3.create_bucket(Bucket="parley", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    yield s3
    server.stop()
