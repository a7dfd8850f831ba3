"""How every chart looks. What depends on light or dark is coloured in the browser, see static/parley.js."""

from __future__ import annotations

from datetime import date
from typing import Any

import plotly.graph_objects as go

# Okabe and Ito's colours, which people who do not tell red from green tell apart, in an order that keeps
# neighbours far from each other; the last is for what is summed up as other.
BLUE, ORANGE, GREEN, RED = "#0072B2", "#E69F00", "#009E73", "#D55E00"
SKY, PINK, BROWN = "#56B4E9", "#CC79A7", "#8C6D31"
GREY = "#9AA3AF"
COLOURS = (BLUE, ORANGE, GREEN, PINK, SKY, RED, BROWN)

LINE = {"mode": "lines+markers", "line": {"color": BLUE, "width": 2}}

WEEK = "Week from"
MOST_TICKS = 8
HEIGHT = 320
BAR_HEIGHT = 30


def figure(*traces: Any, height: int = HEIGHT, **layout: Any) -> go.Figure:
    """A figure in the house's style; `layout` is Plotly's."""
    chart = go.Figure(list(traces))
    chart.update_layout(
        template="none",
        height=height,
        margin={"l": 56, "r": 16, "t": 12, "b": 48},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        font={"family": "Inter, system-ui, sans-serif", "size": 12},
        hovermode="x unified",
        legend={"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom", "traceorder": "normal"},
        bargap=0.25,
    )
    chart.update_xaxes(zeroline=False, showgrid=False, automargin=True)
    chart.update_yaxes(zeroline=False, automargin=True, rangemode="tozero")
    chart.update_layout(**layout)
    return chart


def over_time(*traces: Any, unit: str, tickformat: str = ",", **layout: Any) -> go.Figure:
    """Traces over days, weeks or months.

    Args:
        unit: the title of the vertical axis.
        tickformat: of its numbers: `,` or `.0%`, in the notation of d3.
    """
    chart = figure(*traces, **layout)
    starts = list(traces[0].x) if traces else []
    period = _period(starts)
    chart.update_xaxes(title=f"{period} (UTC)", type="date", hoverformat="%a %-d %b %Y")
    if period == WEEK:
        # Left to itself it marks Sundays.
        chart.update_xaxes(tickvals=starts[:: 1 + len(starts) // MOST_TICKS], tickformat="%-d %b\n%Y")
    chart.update_yaxes(title=unit, tickformat=tickformat)
    return chart


def _period(starts: list[str]) -> str:
    """What the first days of periods are, ISO dates: days, weeks or months."""
    days = (date.fromisoformat(starts[1]) - date.fromisoformat(starts[0])).days if len(starts) > 1 else 1
    return {1: "Day", 7: WEEK}.get(days, "Month from")


def stacked(categories: dict[str, dict[str, float]], *, unit: str, hovertemplate: str = "%{y:,}") -> go.Figure:
    """Bars of the categories upon each other, for each period; the eighth and any further are grey."""
    bars = [
        go.Bar(
            x=list(periods),
            y=list(periods.values()),
            name=words(name),
            marker={"color": COLOURS[number] if number < len(COLOURS) else GREY},
            hovertemplate=hovertemplate,
        )
        for number, (name, periods) in enumerate(categories.items())
    ]
    return over_time(*bars, unit=unit, barmode="stack", height=400)


def ranking(names: list[str], values: list[float | None], *, unit: str, tickformat: str = ",") -> go.Figure:
    """Horizontal bars, the first on top."""
    bars = go.Bar(
        x=values,
        y=names,
        orientation="h",
        marker={"color": BLUE},
        texttemplate=f"%{{x:{tickformat}}}",
        textposition="outside",
        cliponaxis=False,
        hovertemplate=f"%{{y}}: %{{x:{tickformat}}}<extra></extra>",
    )
    chart = figure(bars, height=90 + BAR_HEIGHT * max(len(names), 3), hovermode="closest")
    ticks = ".0%" if tickformat.endswith("%") else ","
    chart.update_xaxes(title=unit, tickformat=ticks, showgrid=True, rangemode="tozero")
    chart.update_yaxes(autorange="reversed", ticksuffix="  ")
    chart.update_layout(margin={"r": 56})
    return chart


def words(name: str) -> str:
    """A column's or an intent's name as people write it: `book_bike` is `book bike`."""
    return name.replace("_", " ").strip()
