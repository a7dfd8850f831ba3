"""The pages as a FastAPI application, which Airflow's API server mounts at /parley."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import plotly
from fastapi import FastAPI, HTTPException, Request, status
from fastapi.responses import FileResponse, HTMLResponse, Response
from fastapi.staticfiles import StaticFiles
from fastapi.templating import Jinja2Templates

from parley import published
from parley.errors import ParleyError
from parley.extracts import read_extract
from parley.publish import DOCS
from parley.ui import loads_page, runs, texts
from parley.ui.access import Readable, Startable, log_in
from parley.ui.dashboard import Days, make_section

HERE = Path(__file__).parent
PLOTLY = Path(plotly.__file__).parent / "package_data" / "plotly.min.js"
# Nothing is loaded from elsewhere. Plotly writes style attributes and draws pictures for downloads.
POLICY = (
    "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; "
    "frame-ancestors 'self'; base-uri 'none'; form-action 'self'"
)
# dbt's docs are one file with everything in it, and their framework makes functions out of text.
DOCS_POLICY = (
    "default-src 'self' 'unsafe-inline' 'unsafe-eval' data: blob:; "
    "frame-ancestors 'self'; base-uri 'none'; form-action 'self'"
)

app = FastAPI(title="Parley", docs_url=None, redoc_url=None, openapi_url=None)
app.mount("/static", StaticFiles(directory=HERE / "static"), name="static")
app.add_exception_handler(status.HTTP_401_UNAUTHORIZED, log_in)

templates = Jinja2Templates(directory=HERE / "templates")
for text_filter in (texts.ago, texts.duration, texts.time, texts.number, texts.run_name):
    templates.env.filters[text_filter.__name__] = text_filter
templates.env.globals.update(plotly_version=plotly.__version__)


@app.get("/loads")
def loads(
    request: Request,
    pipelines: Readable,
    startable: Startable,
    *,
    pipeline: str = "",
    state: str = "",
    text: str = "",
    page: int = 1,
) -> HTMLResponse:
    """Every load, with filters."""
    found, source = loads_page.read(pipelines)
    dag_ids = {known.name: known.dag_id for known in pipelines}
    last_runs = ((dag_ids[name], facts.run_ids[-1]) for name in found for facts in found[name] if facts.run_ids)
    states = runs.run_states(last_runs)
    rows = loads_page.make_rows(pipelines, found, states, datetime.now(UTC))
    asked = loads_page.Filter(pipeline, state, text.strip())
    shown = loads_page.chosen(rows, asked)
    pages = max(1, -(-len(shown) // loads_page.PAGE_SIZE))
    page = min(max(page, 1), pages)
    return _page(
        request,
        "loads.html",
        rows=shown[(page - 1) * loads_page.PAGE_SIZE : page * loads_page.PAGE_SIZE],
        found=len(shown),
        page=page,
        pages=pages,
        counts=loads_page.count_by_status(rows),
        set_aside=sum(row.set_aside for row in rows),
        asked=asked,
        pipelines=pipelines,
        source=source,
        running=runs.running(dag_ids.values()),
        states=states,
        startable=startable,
        paused=runs.paused_dags(dag_ids.values()),
    )


@app.get("/dashboard")
def dashboard(
    request: Request, pipelines: Readable, pipeline: str = "", first: str = "", last: str = ""
) -> HTMLResponse:
    """A section for each pipeline, or for one."""
    days = Days(_day(first), _day(last))
    sections = [
        make_section(known, read_extract(known.name), days) for known in pipelines if pipeline in ("", known.name)
    ]
    return _page(request, "dashboard.html", sections=sections, pipelines=pipelines, asked=pipeline, days=days)


@app.get("/docs")
def docs(request: Request, pipelines: Readable) -> Response:
    """dbt's own docs: every model, column and test, and the lineage."""
    del pipelines  # Who may see no DAG may not see what is built either.
    content = published.read(DOCS)
    if content is None:
        message = "The dbt docs have not been published yet. The DAG publish makes them."
        return _page(request, "error.html", status.HTTP_404_NOT_FOUND, message=message)
    return HTMLResponse(content, headers={"Content-Security-Policy": DOCS_POLICY, "Cache-Control": "no-store"})


@app.get("/plotly.js")
def plotly_js() -> FileResponse:
    """The library that draws the charts; its address has its version, so a browser may keep it."""
    return FileResponse(
        PLOTLY, media_type="text/javascript", headers={"Cache-Control": "public, max-age=31536000, immutable"}
    )


@app.exception_handler(ParleyError)
def explain(request: Request, error: ParleyError) -> Response:
    """A setting that is wrong, in words that say what to do."""
    return _page(request, "error.html", status.HTTP_500_INTERNAL_SERVER_ERROR, message=str(error))


@app.exception_handler(status.HTTP_403_FORBIDDEN)
def forbid(request: Request, error: HTTPException) -> Response:
    """Logged in, but not allowed."""
    return _page(request, "error.html", status.HTTP_403_FORBIDDEN, message=error.detail)


def _page(request: Request, template: str, status_code: int = status.HTTP_200_OK, **context: Any) -> HTMLResponse:
    headers = {"Content-Security-Policy": POLICY, "Cache-Control": "no-store"}
    page: HTMLResponse = templates.TemplateResponse(request, template, context, status_code, headers)
    return page


def _day(text: str) -> date | None:
    """The day that a form field names.

    Raises:
        HTTPException: 422, it names none.
    """
    try:
        return date.fromisoformat(text) if text else None
    except ValueError as error:
        raise HTTPException(
            status.HTTP_422_UNPROCESSABLE_CONTENT, f"'{text}' is no day. Give one such as 2026-01-31."
        ) from error
