"""Times and numbers as people read them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from parley.ui import texts


@pytest.mark.parametrize(
    ("length", "text"),
    [
        (timedelta(seconds=-3), "0 s"),
        (timedelta(seconds=59), "59 s"),
        (timedelta(minutes=59, seconds=59), "59 min"),
        (timedelta(hours=23, minutes=59), "23 h 59 min"),
        (timedelta(days=2, hours=5, minutes=1), "2 d 5 h"),
    ],
)
def test_a_length_of_time_has_its_largest_units(length: timedelta, text: str) -> None:
    assert texts.duration(length) == text


def test_times_are_utc_whatever_zone_they_come_in() -> None:
    assert texts.time(datetime.fromisoformat("2026-01-31T09:00:00+02:00")) == "2026-01-31 07:00"
    assert texts.ago(datetime.now(UTC) - timedelta(minutes=5)) == "5 min ago"


@pytest.mark.parametrize(
    ("run_id", "name"),
    [
        ("manual__2026-01-31T07:00:00.123+00:00_Xy", "manual 2026-01-31 07:00"),
        ("asset_triggered__2026-01-31T07:00:00+00:00", "asset_triggered 2026-01-31 07:00"),
        ("by hand", "by hand"),
    ],
)
def test_a_run_is_named_by_its_kind_and_minute(run_id: str, name: str) -> None:
    assert texts.run_name(run_id) == name
