"""The static site: every page is in it, every link in it leads somewhere, and nothing needs a server."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from own_copy import PROJECT, copy_project

from parley import settings, site
from parley.warehouse import Warehouse


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WAREHOUSE_PATH", str(folder / "warehouse.duckdb"))
        patch.setattr(settings, "STATE", folder / "state")
        copy_project(settings.ROOT, ("docs", "mkdocs.yml"))
        assert not Warehouse.from_env().exists()
        return site.build(folder / "site").parent


def test_every_page_is_there(built: Path) -> None:
    pages = {path.relative_to(PROJECT / "docs").with_suffix("") for path in (PROJECT / "docs").rglob("*.md")}
    found = {path.relative_to(built).with_suffix("") for path in built.rglob("*.html")}
    assert {path.with_name("index") if path.name == "README" else path for path in pages} <= found


def test_every_link_leads_to_a_file(built: Path) -> None:
    for page in built.rglob("*.html"):
        if page == built / site.DBT_DOCS or page.name == "404.html":
            continue
        for link in re.findall(r'(?:href|src)="?([^" >]+)', page.read_text()):
            parts = urlsplit(link)
            if not parts.scheme and not parts.netloc and parts.path:
                assert (page.parent / unquote(parts.path)).is_file(), f"{page.relative_to(built)} links to {link}"


def test_the_dbt_docs_are_one_file_with_every_mart(built: Path) -> None:
    content = (built / site.DBT_DOCS).read_text()
    marts = [path.stem for path in (PROJECT / "dbt" / "models").glob("*/marts/**/*.sql")]
    assert marts
    for mart in marts:
        assert f"model.parley.{mart}" in content
    assert "contact_reason_drivers" in content
    assert "support_bi_tools" in content
