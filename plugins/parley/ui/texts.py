"""Times and numbers as people read them, for the templates."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta


def time(moment: datetime) -> str:
    """`2026-01-31 07:00`, in UTC."""
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M}"


def duration(length: timedelta) -> str:
    """The two largest units: `23 s`, `4 min`, `3 h 20 min`, `2 d 5 h`."""
    seconds = max(0, round(length.total_seconds()))
    if seconds < 60:
        return f"{seconds} s"
    minutes, hours, days = seconds // 60, seconds // 3600, seconds // 86400
    if hours < 1:
        return f"{minutes} min"
    if days < 1:
        return f"{hours} h {minutes % 60} min"
    return f"{days} d {hours % 24} h"


def ago(moment: datetime) -> str:
    """How long ago a moment was."""
    return f"{duration(datetime.now(UTC) - moment)} ago"


def number(value: float) -> str:
    """With a comma for every thousand."""
    return f"{value:,}"


def run_name(run_id: str) -> str:
    """A run by its kind and minute, `manual 2026-01-31 07:00`; an id of another form as it is."""
    return re.sub(r"^(\w+?)__(\d{4}-\d\d-\d\d)T(\d\d:\d\d).*", r"\1 \2 \3", run_id)
