"""What the manifest says of the models: everything that people read is described, and somebody reads every mart."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from ecommerce_histories import history
from ecommerce_project import Shop
from project import DBT, Project
from support_project import Support

from parley.publish import QUERIES

MARTS = sorted(Path(DBT, "models").glob("*/marts/**/*.sql"))


@pytest.fixture(scope="module")
def manifest(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    project = Project(tmp_path_factory.mktemp("warehouse") / "warehouse.duckdb")
    content: dict[str, Any] = project.manifest().writable_manifest().to_dict(omit_none=False)
    return content


def nodes(manifest: Mapping[str, Any], *kinds: str) -> Iterator[Mapping[str, Any]]:
    return (node for node in manifest["nodes"].values() if node["resource_type"] in kinds)


def test_every_model_seed_and_archive_is_described(manifest: dict[str, Any]) -> None:
    found = {node["name"] for node in nodes(manifest, "model", "seed", "snapshot") if not node["description"]}
    assert found == set()


def test_every_described_column_has_words(manifest: dict[str, Any]) -> None:
    for node in nodes(manifest, "model", "seed", "snapshot"):
        assert node["columns"], f"{node['name']} has no described columns"
        empty = [name for name, column in node["columns"].items() if not column["description"].strip()]
        assert not empty, f"{node['name']}: {empty}"


@pytest.mark.parametrize("domain", ["chat", "ecommerce", "support"])
def test_the_exposure_of_a_dashboard_names_what_its_queries_read(manifest: dict[str, Any], domain: str) -> None:
    queries = "".join(path.read_text() for path in (QUERIES / domain).glob("*.sql"))
    [exposure] = [found for found in manifest["exposures"].values() if found["name"] == f"{domain}_dashboard"]
    named = {node.split(".")[-1] for node in exposure["depends_on"]["nodes"]}
    assert named == set(re.findall(r"\{marts\}\.(\w+)", queries))


def test_every_mart_is_read_by_an_exposure(manifest: dict[str, Any]) -> None:
    read = {node for exposure in manifest["exposures"].values() for node in exposure["depends_on"]["nodes"]}
    assert {f"model.parley.{path.stem}" for path in MARTS} <= read
    assert all(exposure["description"] for exposure in manifest["exposures"].values())


def test_every_column_of_support_as_it_is_built_is_described(support: Support, manifest: dict[str, Any]) -> None:
    event = {"event_timestamp": "2024-01-01 10:00:00", "conversation_id": "1", "event": "tag_assigned"}
    support.land(conversation_events=[{**event, "event_value": "login"}])
    support.build(run_id="run 1")
    assert misdescribed(support, manifest, "support") == {}


def test_every_column_of_the_shop_as_it_is_built_is_described(shop: Shop, manifest: dict[str, Any]) -> None:
    shop.land(history(1)[0])
    shop.dbt(
        "build",
        "--exclude-resource-type",
        "test",
        "--exclude-resource-type",
        "unit_test",
        "-s",
        "path:models/ecommerce",
        "path:seeds/ecommerce",
        "path:snapshots/ecommerce",
    )
    assert misdescribed(shop, manifest, "ecommerce") == {}


def misdescribed(project: Project, manifest: Mapping[str, Any], domain: str) -> dict[str, set[str]]:
    """By table of a domain: columns without a description, and descriptions without a column."""
    found = {}
    for node in nodes(manifest, "model", "seed", "snapshot"):
        if node["fqn"][1] == domain and node["config"]["enabled"]:
            built = {row[0] for row in project.query(f"describe {node['schema']}.{node['alias']}")}
            if wrong := set(node["columns"]) ^ built:
                found[node["name"]] = wrong
    return found
