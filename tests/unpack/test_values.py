"""Values that JSON allows and a warehouse does not."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from parley.unpack.values import storable, within

SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(codec=None))
JSON = st.recursive(SCALARS, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=20)


def leaves(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return [leaf for item in value.items() for part in item for leaf in leaves(part)]
    if isinstance(value, list):
        return [leaf for item in value for leaf in leaves(item)]
    return [value]


@given(JSON)
def test_every_leaf_can_be_stored_by_every_warehouse(value: Any) -> None:
    for leaf in leaves(storable(value)):
        if isinstance(leaf, str):
            leaf.encode()  # no half surrogate
            assert "\x00" not in leaf
        elif isinstance(leaf, float):
            assert leaf - leaf == 0  # neither NaN nor infinite
        elif isinstance(leaf, int):
            assert -(2**63) <= leaf < 2**63


@given(JSON)
def test_what_can_be_stored_stays_as_it_is(value: Any) -> None:
    assert storable(storable(value)) == storable(value)


def test_each_stand_in() -> None:
    assert storable({"a\x00": ["\ud83d", float("nan"), -float("inf"), 2**63, True]}) == {
        "a\ufffd": ["\ufffd", None, None, "9223372036854775808", True]
    }


@given(st.text(st.characters(codec="utf-8")), st.integers(0, 40))
def test_a_text_is_cut_at_the_end_of_a_character(text: str, length: int) -> None:
    cut = within(text, length)
    assert text.startswith(cut)
    assert len(cut.encode()) <= length
    assert cut == text or len(text[: len(cut) + 1].encode()) > length
