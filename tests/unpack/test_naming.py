"""The names of the raw schema."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parley.unpack.naming import NamingConvention, column_name, distinct_keys

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


@given(st.dictionaries(KEYS, st.integers() | st.dictionaries(KEYS, st.integers())))
def test_every_key_has_a_column_of_its_own_and_no_value_is_lost(document: dict[str, Any]) -> None:
    told_apart = distinct_keys(document)
    assert len({column_name(key) for key in told_apart}) == len(document)
    assert distinct_keys(told_apart) == told_apart
    for key, value in document.items():
        if key == column_name(key):
            assert told_apart[key] == distinct_keys(value)


def test_keys_that_do_not_collide_stay_as_they_are() -> None:
    assert distinct_keys({"userId": 1, "list": [{"a": 1}]}) == {"userId": 1, "list": [{"a": 1}]}


def test_the_key_that_is_spelled_as_the_column_keeps_it() -> None:
    assert distinct_keys({"userId": 1, "user_id": 2, "UserId": 3}) == {"user_id_3": 1, "user_id": 2, "user_id_2": 3}
