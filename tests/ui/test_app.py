"""The application: behind Airflow's login and permissions, and what its pages say."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from airflow.api_fastapi.app import create_auth_manager
from airflow.api_fastapi.auth.managers.base_auth_manager import COOKIE_NAME_JWT_TOKEN
from airflow.api_fastapi.auth.managers.simple.user import SimpleAuthManagerUser
from fastapi import FastAPI
from fastapi.testclient import TestClient

from parley import published, services, settings
from parley.extracts import Counts, Extract, LoadFacts, write_extract
from parley.loads import Load
from parley.pipelines import load_bots
from parley.publish import DOCS
from parley.ui import access, loads_page, runs
from parley.ui.app import app

NOW = datetime(2026, 1, 31, 8, tzinfo=UTC)
DAG = "chat_demo_bot"


@pytest.fixture(scope="module")
def database() -> None:
    """Airflow's own, where it looks up whether a login has been revoked."""
    services.prepare(services.free_port())


@pytest.fixture
def client(database: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[TestClient]:
    """The pages where Airflow mounts them, of an Airflow that has the demo's DAG and no runs."""
    monkeypatch.setattr(settings, "STATE", tmp_path)
    monkeypatch.setattr(runs, "run_states", lambda asked: {DAG: {run_id: "success" for _, run_id in asked}})
    monkeypatch.setattr(runs, "running", lambda dag_ids: [])
    monkeypatch.setattr(runs, "paused_dags", lambda dag_ids: {DAG})
    manager = create_auth_manager()
    manager.init()
    airflow = FastAPI()
    airflow.mount("/parley", app)
    with (
        patch.object(type(manager), "get_authorized_dag_ids", _authorized),
        patch.object(access.DagModel, "get_team_name", lambda dag_id: None),
    ):
        yield TestClient(airflow, base_url="http://airflow", follow_redirects=False)


def _authorized(manager: Any, *, user: SimpleAuthManagerUser, method: str) -> set[str]:
    """Airflow's method, for an Airflow that has read the demo's DAG."""
    return set(manager.filter_authorized_dag_ids(dag_ids={DAG}, user=user, method=method))


def log_in(client: TestClient, role: str | None = "ADMIN") -> None:
    token = create_auth_manager().generate_jwt(SimpleAuthManagerUser(username="ada", role=role))
    client.cookies.set(COOKIE_NAME_JWT_TOKEN, token)


def show(monkeypatch: pytest.MonkeyPatch, *loads: LoadFacts) -> None:
    monkeypatch.setattr(loads_page, "read", lambda pipelines: ({"demo_bot": list(loads)}, loads_page.Source()))


def test_the_docs_are_those_that_were_published(client: TestClient) -> None:
    log_in(client)
    answer = client.get("/parley/docs")
    assert answer.status_code == 404
    assert "The DAG publish makes them" in answer.text
    published.write(DOCS, b"<html>lineage</html>")
    assert client.get("/parley/docs").text == "<html>lineage</html>"


@pytest.mark.parametrize("path", ["loads", "dashboard", "docs"])
def test_without_login_people_are_led_to_airflows_and_programs_refused(client: TestClient, path: str) -> None:
    answer = client.get(f"/parley/{path}?pipeline=a&x=1", headers={"Accept": "text/html"})
    assert answer.status_code == 303
    assert answer.headers["location"] == f"../api/v2/auth/login?next=%2Fparley%2F{path}%3Fpipeline%3Da%26x%3D1"
    assert client.get(f"/parley/{path}").status_code == 401


@pytest.mark.parametrize("path", ["loads", "dashboard"])
def test_a_forged_login_is_refused(client: TestClient, path: str) -> None:
    client.cookies.set(COOKIE_NAME_JWT_TOKEN, "forged")
    assert client.get(f"/parley/{path}").status_code == 403


def test_every_page_asks_for_the_login(client: TestClient) -> None:
    """A page that is added must not be forgotten in the tests above."""
    public = {"/plotly.js", "/static"}
    for path in {getattr(route, "path", "") for route in app.routes} - public:
        assert client.get(f"/parley{path}").status_code == 401, path


@pytest.mark.parametrize("path", ["loads", "dashboard"])
def test_who_may_see_no_dag_sees_no_page(client: TestClient, path: str) -> None:
    log_in(client, role=None)
    answer = client.get(f"/parley/{path}")
    assert answer.status_code == 403
    assert "You may see none of the DAGs" in answer.text


def test_who_may_only_look_is_offered_no_run(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    show(monkeypatch, LoadFacts(Load("1700000000.1", NOW, NOW)))
    log_in(client, role="VIEWER")
    assert "Process again</button>" not in client.get("/parley/loads").text
    log_in(client, role="USER")
    assert f'data-dag="{DAG}" data-load="1700000000.1" data-paused="yes">Process again</button>' in (
        client.get("/parley/loads").text
    )


def test_a_load_links_to_its_run_and_lists_why_records_were_set_aside(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    counts = Counts(1234, 5678, {"<script>alert(1)</script>": 2, "not JSON": 1})
    show(monkeypatch, LoadFacts(Load("1", NOW, NOW), ("manual__2026-01-31T08:00:00+00:00",), counts))
    log_in(client)
    page = client.get("/parley/loads").text
    assert f'href="../dags/{DAG}/runs/manual__2026-01-31T08%3A00%3A00%2B00%3A00"' in page
    assert ">manual 2026-01-31 08:00</a>" in page
    assert "1,234" in page
    assert "5,678" in page
    assert "2 \N{MULTIPLICATION SIGN} &lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "<script>alert" not in page


def test_thousands_of_loads_come_in_pages(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    show(monkeypatch, *(LoadFacts(Load(f"load{n:04}", NOW, None)) for n in range(5000)))
    log_in(client)
    for number, first in (("1", "load4999"), ("100", "load0049"), ("9999", "load0049"), ("-1", "load4999")):
        page = client.get(f"/parley/loads?page={number}").text
        assert page.count('<td class="mono">') == loads_page.PAGE_SIZE
        assert first in page
    assert "Page 100 of 100" in client.get("/parley/loads?page=100").text


def test_the_dashboard_shows_what_was_published(client: TestClient) -> None:
    [bot] = load_bots()
    rows = [{"day": "2026-01-30", "intent": "greet", "interactions_count": 7}]
    write_extract(bot.name, Extract(NOW, [], {"intents": rows}))
    log_in(client)
    page = client.get("/parley/dashboard").text
    assert "<h3>Intents</h3>" in page
    assert "2026-01-30 to 2026-01-30" in page


def test_a_day_that_is_none_is_refused(client: TestClient) -> None:
    log_in(client)
    answer = client.get("/parley/dashboard?first=yesterday")
    assert answer.status_code == 422
    assert "'yesterday' is no day" in answer.text


def test_a_setting_that_is_wrong_is_explained(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WAREHOUSE", "oracle")
    log_in(client)
    answer = client.get("/parley/loads")
    assert answer.status_code == 500
    assert "Set it to one of duckdb, postgres, redshift" in answer.text


def test_nothing_is_loaded_from_elsewhere(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    show(monkeypatch)
    log_in(client)
    for path in ("loads", "dashboard"):
        answer = client.get(f"/parley/{path}")
        assert answer.headers["content-security-policy"].startswith("default-src 'self';")
        assert "http" not in answer.text
        assert 'src="/' not in answer.text
        assert 'href="/' not in answer.text
    for path in ("plotly.js", "static/parley.css", "static/loads.svg", "static/dashboard-dark.svg"):
        assert client.get(f"/parley/{path}").status_code == 200
