"""The pack for Amazon MWAA: its DAGs are imported with nothing else of the project to be found."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

import pytest

from parley import settings
from parley.deploy import mwaa
from parley.errors import ParleyError
from parley.pipelines import load_pipelines
from tests.deploy.containers import PROJECT

IMPORT = """
import json, sys
from airflow.dag_processing.dagbag import DagBag
bag = DagBag(sys.argv[1])
modules = [module.__file__ for name, module in sys.modules.items() if name.split(".")[0] == "parley"]
tasks = {dag_id: len(dag.tasks) for dag_id, dag in bag.dags.items()}
print("\\n" + json.dumps({"errors": bag.import_errors, "dags": tasks, "modules": modules}))
"""


@pytest.fixture(scope="module")
def pack(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The pack, put where MWAA puts it: dags/ as it is, plugins.zip unpacked."""
    home = tmp_path_factory.mktemp("mwaa") / "airflow"
    with pytest.MonkeyPatch.context() as patch:
        # The tests' copy of the project has no requirements.
        for name in ("requirements.in", "requirements.txt"):
            (settings.ROOT / name).write_text((PROJECT / name).read_text())
        patch.setenv("DEPLOY_ENV", "prod")
        parts = mwaa.pack(home)
    assert [path.name for path in parts] == ["dags", "plugins.zip", "requirements.txt", "startup.sh"]
    with ZipFile(home / "plugins.zip") as archive:
        assert archive.testzip() is None
        archive.extractall(home / "plugins")
    return home


def test_the_dags_are_imported_in_an_empty_environment(pack: Path, tmp_path: Path) -> None:
    startup = (pack / "startup.sh").read_text().replace(mwaa.HOME, str(pack)).replace("/tmp/parley", str(tmp_path))
    for name in ("PG_HOST", "PG_USER", "PG_DATABASE_NAME"):
        startup = startup.replace(f"{name}=\n", f"{name}=filled-in\n")
    (tmp_path / "startup.sh").write_text(startup)
    airflow = {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "AIRFLOW_HOME": str(tmp_path / "airflow"),
        "AIRFLOW__CORE__DAGS_FOLDER": str(pack / "dags"),
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(pack / "plugins"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "PYTHONPATH": str(pack / "plugins"),
        # What the start-up script fetches from AWS Secrets Manager.
        "PG_PASSWORD": "filled-in",
    }
    script = f'. "{tmp_path}/startup.sh" && exec "{sys.executable}" -c "$0" "{pack}/dags"'
    result = subprocess.run(
        ["sh", "-c", script, IMPORT], cwd=tmp_path, env=airflow, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr
    imported = json.loads(result.stdout.splitlines()[-1])
    assert imported["errors"] == {}
    expected = {dag_id for pipeline in load_pipelines() for dag_id in (pipeline.dag_id, pipeline.unpack_dag_id)}
    assert set(imported["dags"]) >= expected
    assert imported["dags"]["chat_demo_bot"] > 20
    assert [module for module in imported["modules"] if not module.startswith(str(pack))] == []


def test_what_is_to_be_installed_is_pinned_by_the_constraints_and_airflow_is_not_replaced(pack: Path) -> None:
    constraints = (pack / "dags" / "parley" / "constraints.txt").read_text()
    pinned = set(re.findall(r"^([a-z0-9-]+)==", constraints, re.MULTILINE))
    first, *lines = (pack / "requirements.txt").read_text().splitlines()
    assert first == '--constraint "/usr/local/airflow/dags/parley/constraints.txt"'
    assert {re.split(r"[<=>\[]", line)[0] for line in lines} <= pinned
    [airflow] = [line for line in lines if line.startswith("apache-airflow==")]
    assert airflow in constraints.splitlines()
    # A constraint with extras is refused by pip.
    assert not re.search(r"^[a-z0-9-]+\[", constraints, re.MULTILINE)


def test_the_pack_is_the_same_every_time_and_has_nothing_of_this_machine(pack: Path, tmp_path: Path) -> None:
    again = tmp_path / "again.zip"
    mwaa._zip(settings.ROOT / "plugins", again)
    assert again.read_bytes() == (pack / "plugins.zip").read_bytes()
    names = [str(path.relative_to(pack)) for path in pack.rglob("*")]
    assert [name for name in names if re.search(r"\.env|\.duckdb|/target|/logs/|\.user\.yml", name)] == []


def test_a_folder_with_other_things_in_it_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("dear")
    with pytest.raises(ParleyError, match="no pack for MWAA"):
        mwaa.pack(tmp_path)
    assert (tmp_path / "letter.txt").exists()
