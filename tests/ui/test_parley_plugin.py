"""The plugin as every process of Airflow loads it: all is there, and nothing heavy comes along."""

from __future__ import annotations

import json
import subprocess
import sys

from parley import settings

PROGRAM = """
import json, sys, time
from airflow import plugins_manager
before = set(sys.modules)
started = time.perf_counter()
plugins, errors = plugins_manager._load_plugins_from_plugin_directory(plugins_folder=sys.argv[1])
print(json.dumps({
    "plugins": [plugin.name for plugin in plugins],
    "routes": [view["url_route"] for plugin in plugins for view in plugin.external_views],
    "errors": errors,
    "modules": sorted(set(sys.modules) - before),
    "seconds": time.perf_counter() - started,
}))
"""


def test_airflow_imports_the_plugin_and_the_listener_and_nothing_else_of_parley() -> None:
    result = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(settings.ROOT / "plugins")], capture_output=True, text=True, check=True
    )
    loaded = json.loads(result.stdout.splitlines()[-1])
    assert loaded["errors"] == {}
    assert loaded["plugins"] == ["parley"]
    assert loaded["routes"] == ["loads", "dashboard", "docs"]
    heavy = [name for name in loaded["modules"] if name.split(".")[0] in ("parley", "plotly", "duckdb", "dlt", "dbt")]
    assert heavy == ["parley", "parley.listeners"], "these two import nothing else"
    assert "parley_plugin" in loaded["modules"]
    assert loaded["seconds"] < 1
