"""Pack the project for Amazon MWAA: what goes into the S3 bucket of an environment. See docs/deployment.md.

dags/parley/         the project, read by Airflow and Cosmos: DAG files, dbt project, manifests, constraints
plugins.zip          the package parley, which MWAA unpacks into its folder of plugins
requirements.txt     what to install, with the constraints of dags/parley/
startup.sh           the settings, and the warehouse's password out of AWS Secrets Manager
"""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from parley import settings
from parley.dbt import write_manifests
from parley.errors import ParleyError
from parley.pipelines import load_pipelines

HOME = "/usr/local/airflow"
PROJECT = f"{HOME}/dags/parley"
CONSTRAINTS = "constraints.txt"
STARTUP_SCRIPT = "startup.sh"
# What MWAA brings itself, or runs otherwise: the executor, and who may log in.
NOT_OURS = ("apache-airflow-providers-celery", "apache-airflow-providers-fab", "celery", "statsd")
# A constraint names no extras.
EXTRAS = re.compile(r"\[[^]]*\](?===)")
LEFT_OUT = shutil.ignore_patterns("__pycache__", "*.egg-info", "target", "logs", ".user.yml", "partial_parse.msgpack")
FIRST_DAY = (1980, 1, 1, 0, 0, 0)


def pack(folder: Path) -> list[Path]:
    """Write the pack into a folder, in place of an older one; returns its parts.

    Raises:
        ParleyError: the folder holds something else, or dbt cannot parse the project.
    """
    if folder.exists() and any(folder.iterdir()) and not (folder / STARTUP_SCRIPT).exists():
        raise ParleyError(f"{folder} holds something that is no pack for MWAA: name an empty or a new folder.")
    shutil.rmtree(folder, ignore_errors=True)
    project = folder / "dags" / "parley"
    for name in ("dags", "dbt"):
        shutil.copytree(settings.ROOT / name, project / name, ignore=LEFT_OUT)
    pipelines = load_pipelines()
    for pipeline, manifest in zip(pipelines, write_manifests(pipelines), strict=True):
        target = project / ".parley" / "dbt" / pipeline.name
        target.mkdir(parents=True)
        shutil.copy(manifest, target)
    # Only the DAG files are DAGs.
    (project / ".airflowignore").write_text("dbt/\n")
    pins = EXTRAS.sub("", (settings.ROOT / "requirements.txt").read_text())
    (project / CONSTRAINTS).write_text(pins)
    (folder / "requirements.txt").write_text(_requirements((settings.ROOT / "requirements.in").read_text(), pins))
    (folder / STARTUP_SCRIPT).write_text(STARTUP)
    _zip(settings.ROOT / "plugins", folder / "plugins.zip")
    return [folder / name for name in ("dags", "plugins.zip", "requirements.txt", STARTUP_SCRIPT)]


def _requirements(direct: str, pins: str) -> str:
    """What the project names itself, held to what it was tested with."""
    version = re.findall(r"^apache-airflow==(\S+)", pins, re.MULTILINE)[0]
    names = [line for line in direct.splitlines() if line and not line.startswith(("#", "apache-airflow=="))]
    names = [name for name in names if re.split(r"[<=>\[]", name)[0] not in NOT_OURS]
    # With the version of Airflow in it, the wrong version of MWAA is refused instead of being replaced.
    lines = [f'--constraint "{PROJECT}/{CONSTRAINTS}"', f"apache-airflow=={version}", *names]
    return "\n".join(lines) + "\n"


def _zip(folder: Path, archive: Path) -> None:
    """The files of a folder, always the same bytes for the same files."""
    with ZipFile(archive, "w") as file:
        for path in sorted(folder.rglob("*")):
            name = path.relative_to(folder)
            if path.is_file() and "__pycache__" not in name.parts and not name.parts[0].endswith(".egg-info"):
                entry = ZipInfo(str(name), FIRST_DAY)
                entry.external_attr = 0o644 << 16
                file.writestr(entry, path.read_bytes(), ZIP_DEFLATED)


STARTUP = f"""#!/bin/sh
# Runs on every machine of the environment before Airflow starts. Fill in what is empty.
export DEPLOY_ENV=prod
export WAREHOUSE=redshift
export PG_HOST=
export PG_USER=
export PG_DATABASE_NAME=
# The name or ARN of a secret in AWS Secrets Manager, with the key "password" as Amazon makes it.
export PG_PASSWORD_SECRET=

export PARLEY_ROOT={PROJECT}
# The folder of the DAGs cannot be written to.
export PARLEY_STATE=/tmp/parley
# What tasks prepare of a large input for the one that lands it: s3://<bucket>/parts
export UNPACK_PARTS=
# Where the workers publish what the pages show: s3://<bucket>/published
export PUBLISH_TO=
export AIRFLOW__COSMOS__CACHE_DIR=/tmp/parley/cosmos
export AIRFLOW__COSMOS__ENABLE_TELEMETRY=False
export AIRFLOW__COSMOS__ENABLE_HIERARCHICAL_NAMING_FOR_GROUP_NODES_BY_FOLDER=True

# Nothing of ours is installed yet: boto3 is there from the start.
if [ -n "$PG_PASSWORD_SECRET" ]; then
    PG_PASSWORD=$(python3 -c "
import boto3, json, os
secret = boto3.client('secretsmanager').get_secret_value(SecretId=os.environ['PG_PASSWORD_SECRET'])
print(json.loads(secret['SecretString'])['password'])")
    export PG_PASSWORD
fi
"""
