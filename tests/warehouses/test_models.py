"""A bot's models on the warehouses that are servers: their raw schema, and the mart with and without it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from parley import settings
from parley.unpack.domains import unpack_new_models
from parley.warehouse import Kind
from tests.warehouses.conftest import MakeWarehouse
from tests.warehouses.product import DEMO_BOT, DOMAINS, Product

SEEN = "1ce1890afc1ec1def69db9e9fa81f2c6"
[CHAT] = [domain for domain in DOMAINS if domain.name == "chat"]


@pytest.mark.parametrize("kind", ["postgres", "redshift"])
def test_an_archive_that_has_landed_is_in_the_mart(
    kind: Kind, make_warehouse: MakeWarehouse, targets: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    product = Product(CHAT, make_warehouse(kind, "models"), tmp_path / "state", targets / kind / "models")
    columns = (
        "model_id, model_name, cast(trained_at as varchar(19)), rasa_version, language, intents_count, forms_count"
    )
    query = f"select {columns} from {DEMO_BOT.marts_schema}.models"

    event = {"event": "user", "sender_id": "s1", "timestamp": 1_700_000_000, "metadata": {"model_id": SEEN}}
    (tmp_path / "events.ndjson").write_text(json.dumps(event))
    product.unpack(tmp_path / "events.ndjson")
    product.dbt("build", "--exclude", "resource_type:unit_test", "resource_type:test", run_id="run 1")
    with product.warehouse.connect() as connection:
        assert connection.query(query) == [(SEEN, "2023-11-14 1ce1890a", None, None, None, None, None)]

    monkeypatch.setattr(settings, "STATE", product.state)
    monkeypatch.setenv("DLT_DATA_DIR", str(product.state / "dlt"))
    models = str(settings.ROOT / "sample_data" / "chat_bot")
    assert unpack_new_models(DEMO_BOT, product.warehouse, models).landed == 3
    assert unpack_new_models(DEMO_BOT, product.warehouse, models).repeated == 3
    product.dbt("run", run_id="run 2")
    with product.warehouse.connect() as connection:
        name, trained_at = "20240105-091512-brisk-pedal", "2024-01-05 09:15:12"
        assert connection.query(query) == [(SEEN, name, trained_at, "3.6.21", "en", 16, 1)]
