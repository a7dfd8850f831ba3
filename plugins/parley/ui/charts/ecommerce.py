"""Charts of the shop: who visits, what they buy, and which channels brought them. Amounts are in the reporting
currency.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import cycle

import plotly.graph_objects as go

from parley.extracts import Record
from parley.ui.charts.rows import FEW_DAYS, by_category, by_period, largest, share, sums, total
from parley.ui.charts.shown import Chart, Datasets, Number, count, part
from parley.ui.charts.style import BLUE, COLOURS, GREEN, LINE, SKY, figure, over_time, stacked, words

# In the order in which people compare them; any other comes behind.
MODELS = ("first_touch", "last_touch", "last_non_direct", "linear", "time_decay", "position_based")
MOST_CHANNELS = 7
REVENUE = "Revenue, reporting currency"


def numbers(now: Datasets, before: Datasets) -> list[Number]:
    """The numbers of these days against those before; none where their dataset is missing."""
    if "daily" not in now:
        return []

    def of(period: Datasets) -> dict[str, float | None]:
        daily = period["daily"]
        sessions, orders = total(daily, "total_sessions"), total(daily, "orders")
        return {
            "users": share(total(daily, "dau"), len(daily)),
            "sessions": sessions,
            "bounce": share(total(daily, "bounced_sessions"), sessions),
            "orders": orders,
            "revenue": total(daily, "revenue"),
            "basket": share(total(daily, "revenue"), orders),
        }

    value, old = of(now), of(before)
    return [
        count("Users a day", value["users"], old["users"]),
        count("Sessions", value["sessions"], old["sessions"]),
        part("Bounced", value["bounce"], old["bounce"], more_is_better=False),
        count("Orders", value["orders"], old["orders"]),
        count("Revenue", value["revenue"], old["revenue"]),
        count("Revenue an order", value["basket"], old["basket"], digits=2),
    ]


def charts(data: Datasets) -> list[Chart]:
    """The charts of what there is."""
    found = []
    if "daily" in data:
        daily = data["daily"]
        found += [
            Chart("Active users", "People with at least one event on the day.", users(daily)),
            Chart("Revenue", "Orders without those that were delivered twice.", revenue(daily)),
            Chart("Bounced sessions", "One page and no time spent.", bounces(daily)),
            Chart("Length of a session", "From its first event to its last.", session_length(daily)),
        ]
    if rows := data.get("attribution"):
        found += [
            Chart(
                "Attribution by channel and model",
                "The same revenue, credited to the channels that led to it by each model's rule.",
                attribution(rows),
                is_wide=True,
            ),
            Chart(
                "Channels over time",
                "Revenue by the channel of the last touch that is not direct.",
                channels_over_time(rows, "last_non_direct"),
                is_wide=True,
            ),
        ]
    return found


def users(daily: Sequence[Record]) -> go.Figure:
    """Active users a day, new and returning: over weeks and months the average of their days."""
    # Users of two days must not be added up: many are the same.
    periods = by_period([{**row, "days": 1} for row in daily], ["dau", "new_users", "days"])
    new = [share(period["new_users"], period["days"]) for period in periods.values()]
    returning = [share(period["dau"] - period["new_users"], period["days"]) for period in periods.values()]
    shown = {"hovertemplate": "%{y:,.0f}"}
    return over_time(
        go.Bar(x=list(periods), y=new, name="new", marker={"color": BLUE}, **shown),
        go.Bar(x=list(periods), y=returning, name="returning", marker={"color": SKY}, **shown),
        unit="Active users a day",
        barmode="stack",
    )


def bounces(daily: Sequence[Record]) -> go.Figure:
    """Share of bounced sessions."""
    periods = by_period(daily, ["total_sessions", "bounced_sessions"], FEW_DAYS)
    bounced = [share(period["bounced_sessions"], period["total_sessions"]) for period in periods.values()]
    return over_time(
        go.Scatter(x=list(periods), y=bounced, name="bounced", hovertemplate="%{y:.1%}", **LINE),
        unit="Share of sessions",
        tickformat=".0%",
    )


def session_length(daily: Sequence[Record]) -> go.Figure:
    """The average length of a session."""
    periods = by_period(daily, ["total_sessions", "session_seconds_sum"], FEW_DAYS)
    seconds = [share(period["session_seconds_sum"], period["total_sessions"]) for period in periods.values()]
    minutes = [None if length is None else length / 60 for length in seconds]
    return over_time(
        go.Scatter(x=list(periods), y=minutes, name="length", hovertemplate="%{y:,.1f} min", **LINE),
        unit="Minutes, average",
    )


def revenue(daily: Sequence[Record]) -> go.Figure:
    """Revenue over time."""
    periods = by_period(daily, ["revenue", "orders"])
    return over_time(
        go.Bar(
            x=list(periods),
            y=[period["revenue"] for period in periods.values()],
            name="revenue",
            marker={"color": GREEN},
            customdata=[period["orders"] for period in periods.values()],
            hovertemplate="%{y:,.2f} from %{customdata:,} orders<extra></extra>",
        ),
        unit=REVENUE,
    )


def attribution(rows: Sequence[Record]) -> go.Figure:
    """What each channel is credited with, under every model: each model's bars come to the same total."""
    channels = largest(rows, "revenue", "channel", len(rows))
    totals = sums(rows, ["revenue"], lambda row: (row["model"], row["channel"]))
    found = {model for model, _ in totals}
    models = [*(model for model in MODELS if model in found), *sorted(found - set(MODELS))]
    bars = [
        go.Bar(
            x=[words(channel) for channel in channels],
            y=[totals.get((model, channel), {"revenue": 0})["revenue"] for channel in channels],
            name=words(model),
            marker={"color": colour},
            hovertemplate="%{y:,.2f}",
        )
        for model, colour in zip(models, cycle(COLOURS), strict=False)
    ]
    chart = figure(*bars, height=400, barmode="group", bargap=0.2, bargroupgap=0.05)
    chart.update_xaxes(title="Channel")
    chart.update_yaxes(title=REVENUE, tickformat=",")
    return chart


def channels_over_time(rows: Sequence[Record], model: str) -> go.Figure:
    """Revenue by channel over time under one model."""
    chosen = [row for row in rows if row["model"] == model]
    channels = by_category(chosen, "revenue", "channel", MOST_CHANNELS)
    return stacked(channels, unit=REVENUE, hovertemplate="%{y:,.2f}")
