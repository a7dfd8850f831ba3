"""The files of other programs: GitHub's workflows run make's targets, and the chart's values name what there is."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
import yaml
from own_copy import PROJECT

from parley.settings import BIN

WORKFLOWS = sorted((PROJECT / ".github" / "workflows").glob("*.yml"))


def test_the_workflows_are_valid_by_githubs_schema() -> None:
    command = [str(BIN / "check-jsonschema"), "--builtin-schema", "vendor.github-workflows", *map(str, WORKFLOWS)]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.stem)
def test_every_step_can_be_run_by_hand_with_make(workflow: Path) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (PROJECT / "Makefile").read_text(), re.MULTILINE))
    used = set(re.findall(r"make ([a-z-]+)", workflow.read_text()))
    assert used <= targets
    assert used or ".ci/run" in workflow.read_text()


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.stem)
def test_no_text_of_a_stranger_becomes_part_of_a_command(workflow: Path) -> None:
    for job in yaml.safe_load(workflow.read_text())["jobs"].values():
        assert all("${{" not in step.get("run", "") for step in job["steps"])
        assert job["timeout-minutes"]


def test_deployments_to_an_environment_wait_for_each_other_and_for_no_other() -> None:
    """GitHub keeps one that waits in each group: a release to staging must not push a rollback of production out."""
    groups = {path.stem: yaml.safe_load(path.read_text()).get("concurrency", {}).get("group") for path in WORKFLOWS}
    assert groups["release"] == "deployments-staging"
    assert groups["promote"] == "deployments-production"
    chosen = "${{ inputs.environment == 'prod' && 'production' || inputs.environment }}"
    assert groups["rollback"] == f"deployments-{chosen}"


def test_the_values_of_the_chart_fit_the_image_and_the_settings() -> None:
    values = yaml.safe_load((PROJECT / "deploy" / "helm" / "values.yaml").read_text())
    dockerfile = (PROJECT / "Dockerfile").read_text()
    assert f"--uid {values['uid']} --gid {values['gid']}" in dockerfile
    assert f"apache-airflow=={values['airflowVersion']}" in (PROJECT / "requirements.txt").read_text().splitlines()
    template = (PROJECT / ".env.template").read_text()
    names = [*(entry["name"] for entry in values["env"]), *(entry["envName"] for entry in values["secret"])]
    ours = [name for name in names if "__" not in name and name != "PYTHONPATH"]
    assert [name for name in ours if f"{name}=" not in template] == []
    # Secrets come from the cluster.
    assert not re.search(r"(?i)password|secret", "".join(str(entry["value"]) for entry in values["env"]))
