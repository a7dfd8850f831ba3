"""Charts of the support desk: what customers write about, and how soon they are helped."""

from __future__ import annotations

from collections.abc import Sequence

import plotly.graph_objects as go

from parley.extracts import Record
from parley.ui.charts.rows import FEW_DAYS, by_category, by_period, largest, share, sums, total
from parley.ui.charts.shown import Chart, Datasets, Number, count, part
from parley.ui.charts.style import BLUE, LINE, ORANGE, over_time, ranking, stacked, words

MOST_REASONS = 7
NO_TAG = "without a tag"


def numbers(now: Datasets, before: Datasets) -> list[Number]:
    """The numbers of these days against those before; none where their dataset is missing."""
    if "conversations" not in now:
        return []

    def of(period: Datasets) -> dict[str, float | None]:
        rows = period["conversations"]
        opened = total(rows, "opened_count")
        return {
            "opened": opened,
            "reopened": share(total(rows, "reopened_count"), opened),
            "hours": share(total(rows, "resolve_hours_sum"), total(rows, "resolved_count")),
            "minutes": share(total(rows, "response_minutes_sum"), total(rows, "answered_count")),
            "open": total(rows, "still_open_count"),
        }

    value, old = of(now), of(before)
    return [
        count("Conversations", value["opened"], old["opened"]),
        count("Of these still open", value["open"]),
        part("Opened again", value["reopened"], old["reopened"], more_is_better=False),
        count("Hours to resolve", value["hours"], old["hours"], digits=1, more_is_better=False),
        count("Minutes to first answer", value["minutes"], old["minutes"], digits=1, more_is_better=False),
    ]


def charts(data: Datasets) -> list[Chart]:
    """The charts of what there is."""
    found = []
    if reasons := data.get("contact_reasons"):
        found.append(
            Chart(
                "Contact reasons",
                "Conversations by their tags; one with two tags counts for both.",
                reasons_over_time(reasons),
                is_wide=True,
            )
        )
        found.append(Chart("Hours to resolve", "Closed conversations, the average by tag.", hours_to_resolve(reasons)))
    if rows := data.get("conversations"):
        found.append(Chart("Conversations", "By the day they were opened on.", conversations(rows)))
        found.append(
            Chart(
                "First answer",
                "From the customer's first message to the first answer.",
                first_response(rows),
                is_wide=True,
            )
        )
    return found


def reasons_over_time(contact_reasons: Sequence[Record]) -> go.Figure:
    """Conversations over time by what they were about."""
    return stacked(by_category(_named(contact_reasons), "conversations", "reason", MOST_REASONS), unit="Conversations")


def hours_to_resolve(contact_reasons: Sequence[Record]) -> go.Figure:
    """How long the conversations about each reason took, on average, weighted by their number."""
    resolved = [row for row in _named(contact_reasons) if row["average_hours_to_resolve"] is not None]
    weighted = [{**row, "hours": row["average_hours_to_resolve"] * row["conversations"]} for row in resolved]
    totals = sums(weighted, ["conversations", "hours"], lambda row: row["reason"])
    names = largest(weighted, "conversations", "reason", 12)
    hours = {name: share(totals[name]["hours"], totals[name]["conversations"]) or 0 for name in names}
    ordered = sorted(names, key=lambda name: (-hours[name], name))
    return ranking(
        [words(name) for name in ordered], [hours[name] for name in ordered], unit="Hours", tickformat=",.1f"
    )


def conversations(rows: Sequence[Record]) -> go.Figure:
    """Conversations opened over time, and those of them that were opened again."""
    periods = by_period(rows, ["opened_count", "reopened_count"])
    starts = list(periods)
    return over_time(
        go.Bar(x=starts, y=[p["opened_count"] for p in periods.values()], name="opened", marker={"color": BLUE}),
        go.Bar(
            x=starts,
            y=[p["reopened_count"] for p in periods.values()],
            name="of these opened again",
            marker={"color": ORANGE},
        ),
        unit="Conversations",
        barmode="overlay",
    )


def first_response(rows: Sequence[Record]) -> go.Figure:
    """Minutes until the first answer, on average, by the day a conversation was opened."""
    periods = by_period(rows, ["answered_count", "response_minutes_sum"], FEW_DAYS)
    minutes = [share(period["response_minutes_sum"], period["answered_count"]) for period in periods.values()]
    return over_time(
        go.Scatter(x=list(periods), y=minutes, name="first answer", hovertemplate="%{y:,.0f} min", **LINE),
        unit="Minutes, average",
    )


def _named(rows: Sequence[Record]) -> list[Record]:
    return [{**row, "reason": row["tag"] or NO_TAG} for row in rows]
