"""The pages within Airflow's UI, in a real browser: behind its login, with the warehouse free and held.

`make screenshots` keeps the pictures that this takes in docs/images.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, FrameLocator, Page, expect, sync_playwright

from parley import publish, services, settings
from parley.airflow_client import Airflow
from parley.dbt import dbt_env, write_manifest
from parley.extracts import read_extract
from parley.pipelines import PUBLISH_DAG_ID, get_pipeline
from parley.unpack.domains import unpack_new
from parley.warehouse import Warehouse

pytestmark = pytest.mark.e2e

BOT = get_pipeline("demo_bot")
DONE_RUN, FAILED_RUN = "manual__2026-11-22T07:00:00+00:00", "manual__2026-11-22T18:00:00+00:00"
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
# A busy machine draws slowly.
SECONDS = 60


@pytest.fixture(scope="module")
def loads(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """A warehouse of its own with four loads, by what became of them."""
    folder = tmp_path_factory.mktemp("pages")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WAREHOUSE_PATH", str(folder / "warehouse.duckdb"))
        # What dlt remembers of the warehouse of other tests; it finds the rest in the warehouse itself.
        shutil.rmtree(settings.STATE / "dlt" / "pipelines" / BOT.raw_schema, ignore_errors=True)
        write_manifest(BOT)
        first = _unpack(settings.SAMPLE_CHAT / "batch_1")
        second = _unpack(settings.SAMPLE_CHAT / "batch_2")
        chat = ("--select", "path:models/chat", "path:seeds/chat")
        _dbt("build", *chat, "--exclude-resource-type", "unit_test", "test", run_id=DONE_RUN)
        with Warehouse.from_env().connect() as connection:
            BOT.ledger.mark(connection, DONE_RUN)
        failed = _unpack(_late_events(folder, "late", 40, ["{cut off", '{"sender_id": "late"}', "[1, 2]"]))
        _dbt("run", "--select", "chat_load_ids", run_id=FAILED_RUN)
        new = _unpack(_late_events(folder, "later", 25, []))
        publish.extracts()
        yield {"first": first, "second": second, "failed": failed, "new": new}


def _unpack(path: Path) -> str:
    load_id = unpack_new(BOT, Warehouse.from_env(), str(path)).load_id
    assert load_id
    return load_id


def _late_events(folder: Path, sender: str, number: int, bad: list[str]) -> Path:
    """A file with events of another conversation, and bad lines."""
    lines = (settings.SAMPLE_CHAT / "batch_1" / "2024-01-15.ndjson").read_text().splitlines()[:number]
    events = [json.dumps({**json.loads(line), "sender_id": sender}) for line in lines]
    path = folder / f"{sender}.ndjson"
    path.write_text("\n".join([*events, *bad]))
    return path


def _dbt(*arguments: str, run_id: str) -> None:
    dbt, target = str(settings.BIN / "dbt"), str(settings.STATE / "dbt" / BOT.name)
    where = ["--vars", json.dumps(BOT.dbt_vars), "--target-path", target, "--log-path", target]
    env = {**os.environ, **dbt_env(), "PARLEY_RUN_ID": run_id}
    subprocess.run([dbt, "--quiet", *arguments, *where], cwd=settings.DBT_PROJECT, env=env, check=True)


@pytest.fixture(scope="module")
def airflow(loads: dict[str, str]) -> Iterator[Airflow]:
    """Airflow, which knows the two runs; its DAGs are paused, but for publish, which runs when it is time."""
    port = services.free_port()
    with pytest.MonkeyPatch.context() as patch, ExitStack() as stack:
        patch.setenv("AIRFLOW__SCHEDULER__USE_JOB_SCHEDULE", "True")
        services.prepare(port)
        running = stack.enter_context(services.running(port))
        for dag_id in (BOT.dag_id, PUBLISH_DAG_ID):
            running.wait_for_dag(dag_id)
        running.request("PATCH", f"/dags/{BOT.dag_id}", json={"is_paused": True})
        running.unpause(PUBLISH_DAG_ID)
        for run_id, state in ((DONE_RUN, "success"), (FAILED_RUN, "failed")):
            path = f"/dags/{BOT.dag_id}/dagRuns"
            running.request("POST", path, json={"dag_run_id": run_id, "logical_date": None})
            running.request("PATCH", f"{path}/{run_id}", json={"state": state})
        yield running


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if CHROMIUM is None:
        pytest.skip("There is no Chromium on this machine: apt-get install chromium, which .ci/run does as root")
    with sync_playwright() as playwright:
        # A browser of root's has no sandbox of its own.
        running = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield running
        running.close()


@pytest.fixture(scope="module")
def page(browser: Browser, airflow: Airflow) -> Iterator[Page]:
    """A page of a user who has logged in through Airflow's form, after asking for Loads."""
    expect.set_options(timeout=SECONDS * 1000)
    context = browser.new_context(viewport={"width": 1440, "height": 900}, color_scheme="light")
    context.set_default_timeout(SECONDS * 1000)
    page = context.new_page()
    page.goto(f"{airflow.url}/plugin/loads")
    page.wait_for_url("**/auth/login**")
    page.fill("input[name=username]", "admin")
    page.fill("input[name=password]", airflow.password)
    page.keyboard.press("Enter")
    page.wait_for_url("**/plugin/loads**")
    yield page
    context.close()


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = Path(os.environ.get("SCREENSHOTS") or tmp_path_factory.mktemp("pictures"))
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def shown(page: Page, airflow: Airflow, name: str) -> FrameLocator:
    """The page of that name, from Airflow's navigation."""
    page.goto(airflow.url)
    page.get_by_role("link", name=name, exact=True).click()
    frame = page.frame_locator(f"iframe[title={name}]")
    frame.locator("h1", has_text=name).wait_for()
    return frame


def wait_until_drawn(frame: FrameLocator) -> None:
    frame.locator("html[data-drawn=yes]").wait_for()


@contextmanager
def held_warehouse() -> Iterator[None]:
    """Another process writes to the DuckDB file."""
    code = "import duckdb, sys; c = duckdb.connect(sys.argv[1]); print('held', flush=True); input()"
    path = str(Warehouse.from_env().path)
    with subprocess.Popen(
        [sys.executable, "-c", code, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout
        assert holder.stdout.readline() == "held\n"
        yield
        holder.communicate("\n")


@pytest.mark.parametrize("path", ["loads", "dashboard"])
def test_without_login_nothing_is_shown(airflow: Airflow, path: str) -> None:
    url = f"{airflow.url}/parley/{path}"
    get = partial(httpx.get, timeout=SECONDS)
    assert get(url).status_code == httpx.codes.UNAUTHORIZED
    assert get(url, headers={"Authorization": "Bearer forged"}).is_client_error
    assert get(url, cookies={"_token": "forged"}).is_client_error
    answer = get(url, headers={"Accept": "text/html"})
    assert answer.status_code == httpx.codes.SEE_OTHER
    login = get(httpx.URL(url).join(answer.headers["location"]), follow_redirects=True)
    assert login.url.path == "/auth/login"
    assert f"/parley/{path}" in login.url.params["next"]


def test_loads_shows_every_load_with_its_state_run_and_counts(
    page: Page, airflow: Airflow, loads: dict[str, str], pictures: Path
) -> None:
    frame = shown(page, airflow, "Loads")
    expect(frame.locator("#source")).to_have_text("Live")
    states = {"first": "done", "second": "done", "failed": "failed", "new": "new"}
    for name, state in states.items():
        expect(frame.locator("tr", has_text=loads[name]).locator(".status")).to_have_text(state)
    failed = frame.locator("tr", has_text=loads["failed"])
    failed.locator("summary", has_text="3").click()
    expect(failed.locator("li").first).to_be_visible()
    expect(frame.locator("tr", has_text=loads["first"])).to_contain_text("1,334")
    page.screenshot(path=pictures / "loads.png")

    frame.locator("select[name=state]").select_option("new")
    expect(frame.locator("#loads tbody tr")).to_have_count(1)
    # The frame's address is in Airflow's: a filtered page can be sent to somebody.
    expect(page).to_have_url(re.compile("plugin/loads/parley/loads.*state=new"))

    frame = shown(page, airflow, "Loads")
    frame.locator(f"a[title='{DONE_RUN}']").first.click()
    expect(page).to_have_url(re.compile(rf"/dags/{BOT.dag_id}/runs/"))


def test_a_load_is_processed_again_by_a_run_that_names_it(page: Page, airflow: Airflow, loads: dict[str, str]) -> None:
    frame = shown(page, airflow, "Loads")
    frame.locator("tr", has_text=loads["first"]).get_by_role("button", name="Process again").click()
    expect(frame.locator("#again .paused")).to_be_visible()
    frame.get_by_role("button", name="Start the run").click()
    run_id = frame.locator("#again .answer a").inner_text()
    run = airflow.request("GET", f"/dags/{BOT.dag_id}/dagRuns/{run_id}")
    assert run["conf"] == {"load_ids": [loads["first"]]}
    assert run["triggering_user_name"] == "admin"
    airflow.end_unfinished_runs(BOT.dag_id)


def test_the_dashboard_draws_every_chart_and_asks_nobody_else(page: Page, airflow: Airflow, pictures: Path) -> None:
    asked: list[str] = []
    complaints: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    frame = shown(page, airflow, "Dashboard")
    wait_until_drawn(frame)
    charts = frame.locator(".chart").count()
    assert charts >= 6
    expect(frame.locator(".chart .plot > .plot-container")).to_have_count(charts)
    expect(frame.locator("figure", has_text="Intents").locator("g.point").first).to_be_visible()
    expect(frame.locator(".sankey-link").first).to_be_visible()
    expect(frame.locator(".number", has_text="Sessions")).to_contain_text("82")
    page.screenshot(path=pictures / "dashboard.png")
    page.set_viewport_size({"width": 1440, "height": 2200})
    page.wait_for_timeout(1000)
    page.screenshot(path=pictures / "dashboard_whole.png")
    page.set_viewport_size({"width": 1440, "height": 900})
    assert [url for url in asked if not url.startswith((airflow.url, "data:", "blob:"))] == []
    assert complaints == []

    frame.locator("input[name=last]").fill("2024-01-12")
    frame.get_by_role("button", name="Show").click()
    expect(frame.locator("h2 small").first).to_contain_text("to 2024-01-12")


def test_the_pages_follow_airflows_colours(page: Page, airflow: Airflow) -> None:
    frame = shown(page, airflow, "Dashboard")
    wait_until_drawn(frame)
    axis = frame.locator(".xtick text").first
    light = axis.evaluate("element => getComputedStyle(element).fill")
    page.evaluate("document.documentElement.classList.add('dark')")
    frame.locator("html[data-theme=dark]").wait_for()
    assert frame.locator(".xtick text").first.evaluate("element => getComputedStyle(element).fill") != light


def test_the_pages_answer_while_a_run_holds_the_warehouse(page: Page, airflow: Airflow, loads: dict[str, str]) -> None:
    with held_warehouse():
        frame = shown(page, airflow, "Loads")
        expect(frame.locator("#source")).to_contain_text("A run is working in the warehouse")
        for load_id in loads.values():
            expect(frame.locator("tr", has_text=load_id)).to_be_visible()
        frame = shown(page, airflow, "Dashboard")
        wait_until_drawn(frame)
        assert frame.locator(".chart .plot").count() >= 6


def test_what_has_arrived_is_published_at_once(airflow: Airflow, loads: dict[str, str], tmp_path: Path) -> None:
    arrived = _unpack(_late_events(tmp_path, "latest", 10, []))
    assets = airflow.request("GET", "/assets", params={"name_pattern": BOT.raw_schema})["assets"]
    airflow.request("POST", "/assets/events", json={"asset_id": assets[0]["id"], "extra": {}})
    deadline = time.monotonic() + 3 * SECONDS
    while not (runs := _runs_of_publish(airflow, "asset_triggered")):
        assert time.monotonic() < deadline, "publish has not started"
        time.sleep(1)
    assert airflow.wait_for_run(PUBLISH_DAG_ID, runs[0]) == "success"
    extract = read_extract(BOT.name)
    assert extract
    assert arrived in {facts.load.load_id for facts in extract.loads}


def _runs_of_publish(airflow: Airflow, kind: str) -> list[str]:
    runs = airflow.request("GET", f"/dags/{PUBLISH_DAG_ID}/dagRuns")["dag_runs"]
    return [run["dag_run_id"] for run in runs if run["run_type"] == kind]


def test_the_chat_dag_has_a_graph(page: Page, airflow: Airflow, pictures: Path) -> None:
    page.goto(airflow.url)
    page.evaluate("localStorage.setItem('default_dag_view', JSON.stringify('graph'))")
    page.goto(f"{airflow.url}/dags/{BOT.dag_id}")
    page.locator(".react-flow__node", has_text="mark_loads").first.wait_for()
    page.get_by_text(re.compile(r"\+ \d+ Tasks")).first.click()
    page.locator(".react-flow__node", has_text="dbt_producer_watcher").first.wait_for()
    page.locator(".react-flow__controls-fitview").click()
    page.wait_for_timeout(2000)
    page.screenshot(path=pictures / "chat_dag.png")
