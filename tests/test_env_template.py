""".env.template lists every variable that is read, with a line each, and no other."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

PROJECT = Path(__file__).parents[1]
TEMPLATE = (PROJECT / ".env.template").read_text()
SETTING = re.compile(r"^(?:# )?([A-Z][A-Z0-9_]+)=")
# Parley sets these itself, for each run of dbt or each release, or the system has them.
NOT_SETTINGS = {"PARLEY_RUN_ID", "PARLEY_LOAD_IDS", "PARLEY_END_DATE", "RELEASE_COMMIT", "PATH", "HOME"}
# Names that the code puts together.
PUT_TOGETHER = {"PG_PASSWORD_FILE", "PG_PASSWORD_SECRET"}


def read() -> Iterator[tuple[str, str]]:
    """Every variable that is read, and where."""
    patterns = {
        "plugins/parley/**/*.py": r"""\b(?:(?:env|environ)(?:\.get\(|\[)|(?:flag|number)\()["']([A-Z][A-Z0-9_]+)["']""",
        "dbt/**/*.yml": r"""env_var\(["']([A-Z][A-Z0-9_]+)["']""",
        "dbt/**/*.sql": r"""env_var\(["']([A-Z][A-Z0-9_]+)["']""",
        "docker-compose.yml": r"(?<!\$)\$\{([A-Z][A-Z0-9_]+)",
    }
    for glob, pattern in patterns.items():
        for path in PROJECT.glob(glob):
            for name in re.findall(pattern, path.read_text()):
                # With `__` it is a setting of Airflow or of dlt.
                if "__" not in name:
                    yield name, path.name


def test_every_variable_that_is_read_is_listed_and_no_other() -> None:
    listed = {match[1] for line in TEMPLATE.splitlines() if (match := SETTING.match(line))}
    used = {name for name, _ in read()} - NOT_SETTINGS | PUT_TOGETHER
    assert {(name, place) for name, place in read() if name in used - listed} == set()
    assert listed - used == set()


def test_every_variable_has_one_line_that_says_what_it_is() -> None:
    lines = TEMPLATE.splitlines()
    for before, line in pairwise(lines):
        if SETTING.match(line):
            assert re.match(r"# \S.{7,}", before), line
            assert not SETTING.match(before), line
    names = [match[1] for line in lines if (match := SETTING.match(line))]
    assert len(names) == len(set(names))
