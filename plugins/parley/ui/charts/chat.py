"""Charts of a bot: its performance by day, its intents and where they lead, its forms."""

from __future__ import annotations

from collections.abc import Sequence

import plotly.graph_objects as go

from parley.extracts import Record
from parley.ui.charts.rows import FEW_DAYS, OTHER, by_period, largest, share, sums, total
from parley.ui.charts.shown import Chart, Datasets, Number, count, part
from parley.ui.charts.style import BLUE, COLOURS, GREY, ORANGE, SKY, figure, over_time, ranking, words

MOST_INTENTS = 12
MOST_FORMS = 4
# Of the flow: more than this many intents in a column make it a tangle.
MOST_FLOW_INTENTS = 8
END = "end of session"
METRIC = "_sessions_count"


def numbers(now: Datasets, before: Datasets) -> list[Number]:
    """The numbers of these days against those before; none where their dataset is missing."""
    if "daily" not in now:
        return []

    def of(period: Datasets) -> dict[str, float | None]:
        daily = period["daily"]
        sessions = total(daily, "sessions_count")
        return {
            "sessions": sessions,
            "containment": share(sessions - total(daily, "handoff_sessions_count"), sessions),
            "bounce": share(total(daily, "bounced_sessions_count"), sessions),
            "messages": share(total(daily, "interactions_count"), sessions),
            "new": share(total(daily, "new_sessions_count"), sessions),
        }

    value, old = of(now), of(before)
    return [
        count("Sessions", value["sessions"], old["sessions"]),
        part("Contained", value["containment"], old["containment"], more_is_better=True),
        part("Bounced", value["bounce"], old["bounce"], more_is_better=False),
        count("Messages a session", value["messages"], old["messages"], digits=1),
        part("By new users", value["new"], old["new"], more_is_better=None),
    ]


def charts(data: Datasets) -> list[Chart]:
    """The charts of what there is."""
    found = []
    if "daily" in data:
        daily = data["daily"]
        found += [
            Chart("Sessions", "A session begins with a visit and belongs to the day it began.", sessions(daily)),
            Chart(
                "Containment and bounce",
                "Contained: without a hand-off to a person. Bounced: the user wrote nothing.",
                rates(daily),
            ),
            Chart("Special events", "Sessions in which it happened at least once.", special_events(daily)),
        ]
    if data.get("intents"):
        found.append(Chart("Intents", "Messages of users by what was understood.", intents(data["intents"])))
    if "forms" in data and "form_slots" in data:
        forms = form_names(data["forms"])[:MOST_FORMS]
        found += [
            Chart(
                f"Form: {words(form)}",
                "Sessions that opened the form, were asked for each slot, and gave it while the form was open.",
                form_funnel(form, data["forms"], data["form_slots"]),
                # Two in a row: none beside the last of an odd number.
                is_wide=number == len(forms) and number % 2 == 1,
            )
            for number, form in enumerate(forms, start=1)
        ]
    if data.get("intent_flow"):
        found.append(
            Chart(
                "Where sessions go",
                "The first five intents of a session, from left to right; the rarer ones are summed up as other.",
                intent_flow(data["intent_flow"]),
                is_wide=True,
            )
        )
    return found


def sessions(daily: Sequence[Record]) -> go.Figure:
    """Sessions over time, of users who came for the first time and of those who came back."""
    periods = by_period(daily, ["sessions_count", "new_sessions_count"])
    starts = list(periods)
    new = [values["new_sessions_count"] for values in periods.values()]
    returning = [values["sessions_count"] - values["new_sessions_count"] for values in periods.values()]
    return over_time(
        go.Bar(x=starts, y=new, name="new users", marker={"color": BLUE}),
        go.Bar(x=starts, y=returning, name="returning users", marker={"color": SKY}),
        unit="Sessions",
        barmode="stack",
    )


def rates(daily: Sequence[Record]) -> go.Figure:
    """Containment (sessions without a hand-off) and bounce (sessions without a message) over time."""
    periods = by_period(daily, ["sessions_count", "handoff_sessions_count", "bounced_sessions_count"], FEW_DAYS)
    starts = list(periods)
    contained = [
        share(values["sessions_count"] - values["handoff_sessions_count"], values["sessions_count"])
        for values in periods.values()
    ]
    bounced = [share(values["bounced_sessions_count"], values["sessions_count"]) for values in periods.values()]
    line = {"mode": "lines+markers", "connectgaps": True, "hovertemplate": "%{y:.1%}"}
    chart = over_time(
        go.Scatter(x=starts, y=contained, name="contained", line={"color": BLUE, "width": 2}, **line),
        go.Scatter(x=starts, y=bounced, name="bounced", line={"color": ORANGE, "width": 2, "dash": "dash"}, **line),
        unit="Share of sessions",
        tickformat=".0%",
    )
    chart.update_yaxes(range=[0, 1.02])
    return chart


def special_events(daily: Sequence[Record]) -> go.Figure:
    """In which share of the sessions each special event happened."""
    count = total(daily, "sessions_count")
    names = [column for column in (daily[0] if daily else {}) if column.endswith(METRIC)]
    metrics = [name for name in names if name not in ("new_sessions_count", "bounced_sessions_count")]
    shares = {words(name.removesuffix(METRIC)): share(total(daily, name), count) for name in metrics}
    ordered = sorted(shares, key=lambda name: (-(shares[name] or 0), name))
    return ranking(ordered, [shares[name] for name in ordered], unit="Share of sessions", tickformat=".1%")


def intents(rows: Sequence[Record]) -> go.Figure:
    """What users wanted most often."""
    names = largest(rows, "interactions_count", "intent", MOST_INTENTS)
    totals = sums(rows, ["interactions_count"], lambda row: row["intent"])
    counts: list[float | None] = [totals[name]["interactions_count"] for name in names]
    return ranking([words(name) for name in names], counts, unit="Messages")


def form_names(forms: Sequence[Record]) -> list[str]:
    """The forms, the one that was opened in most sessions first."""
    return largest(forms, "opened_count", "form", len(forms))


def form_funnel(form: str, forms: Sequence[Record], form_slots: Sequence[Record]) -> go.Figure:
    """In how many sessions a form was opened, asked for each slot, and was given it; slots in the order of asking."""
    opened = total([row for row in forms if row["form"] == form], "opened_count")
    columns = ["asked_count", "given_count", "place_sum"]
    slots = sums([row for row in form_slots if row["form"] == form], columns, lambda row: row["slot"])
    ordered = sorted(slots, key=lambda name: (slots[name]["place_sum"] / slots[name]["asked_count"], name))
    names = ["opened", *(words(name) for name in ordered)]
    asked = [opened, *(slots[name]["asked_count"] for name in ordered)]
    given = [None, *(slots[name]["given_count"] for name in ordered)]
    of_asked = [None, *(share(slots[name]["given_count"], slots[name]["asked_count"]) for name in ordered)]
    bar = {"orientation": "h", "y": names, "textposition": "outside", "cliponaxis": False}
    chart = figure(
        go.Bar(
            x=asked,
            name="opened, or asked for",
            marker={"color": SKY},
            texttemplate="%{x:,}",
            hovertemplate="%{y}: %{x:,} sessions<extra></extra>",
            **bar,
        ),
        go.Bar(
            x=given,
            name="given",
            marker={"color": BLUE},
            customdata=of_asked,
            texttemplate="%{x:,} (%{customdata:.0%})",
            hovertemplate="%{y}: given in %{x:,} sessions, %{customdata:.1%} of those asked<extra></extra>",
            **bar,
        ),
        height=110 + 44 * len(names),
        hovermode="closest",
        bargroupgap=0.08,
    )
    chart.update_xaxes(title="Sessions", tickformat=",", showgrid=True, rangemode="tozero")
    chart.update_yaxes(autorange="reversed", ticksuffix="  ")
    chart.update_layout(margin={"r": 72})
    return chart


def intent_flow(rows: Sequence[Record]) -> go.Figure:
    """From which intent sessions go on to which, in their first steps."""
    kept = largest(rows, "sessions_count", "source", MOST_FLOW_INTENTS)
    colours = dict(zip(kept, [*COLOURS, "#7F6BB3"], strict=False))

    def shown(intent: str | None) -> str:
        return END if intent is None else intent if intent in colours else OTHER

    links = sums(
        rows,
        ["sessions_count"],
        lambda row: (row["step"], shown(row["source"]), row["step"] + 1, shown(row["target"])),
    )
    nodes = sorted({end for step, source, next_step, target in links for end in ((step, source), (next_step, target))})
    place = {node: number for number, node in enumerate(nodes)}
    flow = go.Sankey(
        arrangement="snap",
        node={
            # A step has a column, the ends of sessions too.
            "align": "left",
            "label": [words(intent) for _, intent in nodes],
            "color": [colours.get(intent, GREY) for _, intent in nodes],
            "pad": 14,
            "thickness": 14,
            "line": {"width": 0},
            "hovertemplate": "%{label}: %{value:,} sessions<extra></extra>",
        },
        link={
            "source": [place[step, source] for step, source, _, _ in links],
            "target": [place[next_step, target] for _, _, next_step, target in links],
            "value": [values["sessions_count"] for values in links.values()],
            "color": [_pale(colours.get(source, GREY)) for _, source, _, _ in links],
            "hovertemplate": "%{source.label} to %{target.label}: %{value:,} sessions<extra></extra>",
        },
        valueformat=",",
    )
    return figure(flow, height=460, margin={"l": 8, "r": 8, "t": 8, "b": 8}, hovermode="closest")


def _pale(colour: str) -> str:
    """A colour that lets what is behind it shine through."""
    red, green, blue = (int(colour[place : place + 2], 16) for place in (1, 3, 5))
    return f"rgba({red},{green},{blue},0.35)"
