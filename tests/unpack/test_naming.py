"""The names of the raw schema."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parley.unpack.naming import SYSTEM_COLUMNS, NamingConvention, path_name
from parley.unpack.places import distinct_names

KEYS = st.sampled_from(
    ["user_id", "userId", "UserID", "user-id", "user.id", "user_id_2", "a", "A", "", " ", "_pos", "total.eur"]
)


@pytest.mark.parametrize(
    ("dlts", "ours"),
    [
        ("_dlt_id", "_record_hash"),
        ("_dlt_root_id", "_root_hash"),
        ("_dlt_parent_id", "_parent_hash"),
        ("_dlt_list_idx", "_pos"),
        ("_dlt_load_id", "_load_id"),
        ("_dlt_loads", "_loads"),
        ("_dlt_version", "_versions"),
        ("utm-source", "utm_source"),
        ("meta.source", "meta_source"),
        ("userId", "user_id"),
    ],
)
def test_system_names_follow_the_contract_and_the_rest_is_snake_case(dlts: str, ours: str) -> None:
    convention = NamingConvention()
    assert convention.normalize_identifier(dlts) == ours
    assert convention.normalize_identifier(ours) == ours


def test_names_are_as_short_in_every_warehouse_as_in_the_strictest() -> None:
    assert len(NamingConvention(127).normalize_identifier("x" * 200)) == 63


@given(st.lists(st.sampled_from(["metadata", "_posx", "x" * 30, "y" * 63, "_17"]), min_size=1, max_size=5))
def test_a_shortened_name_is_one_that_dlt_leaves_as_it_is(path: list[str]) -> None:
    name = path_name(*path)
    assert len(name) <= 63
    assert NamingConvention().normalize_path(name) == name
    assert NamingConvention().normalize_tables_path(name) == name


@given(st.dictionaries(KEYS, st.none()))
def test_every_key_has_a_column_of_its_own(document: dict[str, None]) -> None:
    keys = tuple(document)
    names = dict(zip(keys, distinct_names(keys, set()), strict=True))
    assert len(set(names.values())) == len(keys)
    assert names == dict(zip(reversed(keys), distinct_names(keys[::-1], set()), strict=True))


def test_the_key_that_is_spelled_as_the_column_keeps_it() -> None:
    assert distinct_names(("userId", "user_id", "UserId"), set()) == ["user_id_3", "user_id", "user_id_2"]


def test_a_key_does_not_take_the_column_of_the_row_itself() -> None:
    assert distinct_names(("_pos", "_recordHash", "a"), SYSTEM_COLUMNS) == ["_pos_2", "_record_hash_2", "a"]
