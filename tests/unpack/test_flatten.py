"""Nested rows into columns: what the comparison with dlt does not meet by chance."""

from __future__ import annotations

from typing import Any

from dlt.common.normalizers.json.helpers import get_nested_row_hash

from parley.unpack.contract import Row
from parley.unpack.flatten import Flattener

Values = dict[str, dict[str, list[Any]]]


def values_of(rows: list[Row], **propagated: str) -> Values:
    tables = Flattener({"_record_hash": "_root_hash", **propagated}).flatten(rows)
    return {
        table: {name: list(column.values()) for name, column in columns.items()} for table, columns in tables.items()
    }


def flattened(*contents: dict[str, Any]) -> Values:
    return values_of([("t", content, {"_record_hash": f"id{number}"}) for number, content in enumerate(contents)])


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


def test_what_a_row_has_beside_its_content_wins_over_it_and_goes_to_all_rows_of_its_document() -> None:
    own = {"_record_hash": "id0", "a": "own"}
    tables = values_of([("t", {"a": "content", "b": [1, 2]}, own), ("u", {"c": 1}, own)], a="of_root")
    assert tables["t"]["a"] == tables["u"]["a"] == ["own"]
    assert tables["t__b"]["of_root"] == ["own", "own"]


def test_what_is_propagated_may_be_in_the_content() -> None:
    tables = values_of([("t", {"when": 7, "b": [[1], []]}, {"_record_hash": "id0"})], when="of_root")
    assert tables["t__b"]["of_root"] == [7, 7]
    assert tables["t__b__list"]["of_root"] == [7]


def test_rows_with_other_columns_beside_their_content_keep_the_order_of_the_documents() -> None:
    owns = [{"_record_hash": "id0"}, {"_record_hash": "id1", "a": "own"}, {"_record_hash": "id2"}]
    tables = values_of([("t", {"a": str(number), "b": [number]}, own) for number, own in enumerate(owns)])
    assert tables["t"]["_record_hash"] == ["id0", "id1", "id2"]
    assert tables["t"]["a"] == ["0", "own", "2"]
    assert tables["t__b"]["value"] == [0, 1, 2]
    assert tables["t__b"]["_root_hash"] == ["id0", "id1", "id2"]
