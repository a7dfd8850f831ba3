"""However many reasons there are, few are told, and every record is counted."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from parley.reasons import OTHERS, TOLD, foremost


def test_few_reasons_are_told_as_they_are() -> None:
    assert foremost({"no sender_id": 2, "not valid JSON": 1}) == {"no sender_id": 2, "not valid JSON": 1}


def test_of_many_the_most_frequent_are_told() -> None:
    many = {f"{number} is no time": number for number in range(1, 1001)}
    told = foremost(many)
    assert list(told)[:2] == ["1000 is no time", "999 is no time"]
    assert told[OTHERS] == sum(range(1, 1001 - TOLD))


@given(st.dictionaries(st.text(), st.integers(1, 10**9), max_size=60))
def test_every_record_is_counted(reasons: dict[str, int]) -> None:
    told = foremost(reasons)
    assert sum(told.values()) == sum(reasons.values())
    assert len(told) <= TOLD + 1
