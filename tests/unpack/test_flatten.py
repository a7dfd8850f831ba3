"""Nested rows into columns: what the comparison with dlt does not meet by chance."""

from __future__ import annotations

from typing import Any

from dlt.common.normalizers.json.helpers import get_nested_row_hash

from parley.unpack.flatten import Columns, Flattener


def flattened(*contents: dict[str, Any]) -> dict[str, Columns]:
    rows = [("t", content, {"_record_hash": f"id{number}"}) for number, content in enumerate(contents)]
    return Flattener({"_record_hash": "_root_hash"}).flatten(rows)


def test_rows_from_two_places_come_in_the_order_of_the_documents() -> None:
    columns = flattened({"a": [{"b": ["x"]}]}, {"a": {"b": [1]}}, {"a": [{"b": ["y"]}]})["t__a__b"]
    assert columns["value"] == ["x", 1, "y"]
    assert columns["_root_hash"] == ["id0", "id1", "id2"]


def test_a_key_of_many_kinds_is_a_column_an_object_and_a_list() -> None:
    tables = flattened({"a": 1, "b": None}, {"b": 2, "a": {"c": 3}}, {"a": [None, [4]]}, {})
    top = tables["t"]
    assert (top["a"], top["a__c"], top["b"]) == ([1, None, None, None], [None, 3, None, None], [None, 2, None, None])
    assert tables["t__a"]["_pos"] == [0, 1]
    assert tables["t__a__list"]["value"] == [4]


def test_rows_of_lists_have_the_ids_that_dlt_gives() -> None:
    tables = flattened({"a": [[1, 2], [3]]})
    outer = [get_nested_row_hash("id0", "t__a", pos) for pos in (0, 1)]
    assert tables["t__a"]["_record_hash"] == outer
    parents = tables["t__a__list"]["_parent_hash"]
    assert parents == [outer[0], outer[0], outer[1]]
    assert tables["t__a__list"]["_record_hash"] == [
        get_nested_row_hash(parent, "t__a__list", pos) for parent, pos in zip(parents, (0, 1, 0), strict=True)
    ]
