"""The ingestion contract's names for dlt's system columns and tables (docs/architecture.md, raw schemas).

dlt imports this module by its path and looks for `NamingConvention` in it.
"""

from __future__ import annotations

from itertools import count
from typing import Any

from dlt.common.normalizers.naming import snake_case

SYSTEM_NAMES = {
    "_dlt_id": "_record_hash",
    "_dlt_root_id": "_root_hash",
    "_dlt_parent_id": "_parent_hash",
    "_dlt_list_idx": "_pos",
    "_dlt_load_id": "_load_id",
    "_dlt_loads": "_loads",
    "_dlt_version": "_versions",
    "_dlt_pipeline_state": "_pipeline_state",
}
# dlt takes every table that starts with its normalised prefix for one of its own.
SYSTEM_PREFIXES = ("_dlt", "_")
# PostgreSQL's limit, the lowest of the three: a raw schema has the same names in every warehouse.
MAX_LENGTH = 63


class NamingConvention(snake_case.NamingConvention):
    """dlt's snake_case, with the contract's system names."""

    def __init__(self, max_length: int | None = None) -> None:
        super().__init__(min(max_length or MAX_LENGTH, MAX_LENGTH))

    def normalize_identifier(self, identifier: str) -> str:
        if identifier in SYSTEM_PREFIXES:
            return "_"
        return super().normalize_identifier(SYSTEM_NAMES.get(identifier, identifier))


# What dlt calls a column whose key is blank.
EMPTY = "_empty"
_CONVENTION = NamingConvention()


def column_name(key: str) -> str:
    """The name of the column that a key of an object becomes."""
    return _CONVENTION.normalize_identifier(key) if key.strip() else EMPTY


def distinct_keys(value: Any) -> Any:
    """The value, with the keys of each object told apart that would become the same column, `userId` and `user_id`.

    The key that is spelled as the column keeps it, else the first in alphabetical order; the others get `_2`, `_3`, ...
    """
    if isinstance(value, list):
        return [distinct_keys(item) for item in value]
    if not isinstance(value, dict):
        return value
    names = {key: column_name(key) for key in value}
    if len(set(names.values())) == len(names):
        return {key: distinct_keys(item) for key, item in value.items()}
    taken: set[str] = set()
    keys = {}
    for key in sorted(value, key=lambda key: (key != names[key], key)):
        keys[key] = key
        if names[key] in taken:
            numbered = (f"{names[key]}_{number}" for number in count(2))
            keys[key] = names[key] = next(name for name in numbered if name not in taken | set(names.values()))
        taken.add(names[key])
    return {keys[key]: distinct_keys(item) for key, item in value.items()}
