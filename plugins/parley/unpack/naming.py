"""The ingestion contract's names for dlt's system columns and tables (docs/architecture.md, raw schemas).

dlt imports this module by its path and looks for `NamingConvention` in it.
"""

from __future__ import annotations

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
RECORD_HASH = SYSTEM_NAMES["_dlt_id"]
PARENT_HASH = SYSTEM_NAMES["_dlt_parent_id"]
POS = SYSTEM_NAMES["_dlt_list_idx"]
# Fields of a top-level row that every row below it gets too, and what they are called there.
PROPAGATED = {
    "_root_hash": "_root_hash",
    "timestamp": "_timestamp",
    "sender_id": "_dist_key",
}
SYSTEM_COLUMNS = frozenset({*SYSTEM_NAMES.values(), *PROPAGATED.values()})
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


_CONVENTION = NamingConvention()


def path_name(*names: str) -> str:
    """The name of a table or column that a path of normalised names leads to, shortened when it is too long.

    dlt normalises it once more; a name that it would change, because a shortened part of it starts with a digit, is
    replaced by what dlt makes of it.
    """
    name = _CONVENTION.shorten_fragments(*names)
    while (normalised := _CONVENTION.normalize_path(name)) != name:
        name = normalised
    return name
