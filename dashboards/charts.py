"""Charts: pure functions from frames to Altair."""

from __future__ import annotations

import altair as alt
import polars as pl

SEVERITIES = ["low", "medium", "high", "critical"]
SEVERITY_COLOURS = ["#7f9bb3", "#e0a526", "#e0662c", "#c2264b"]
"""One scale for severity everywhere, readable on light and on dark."""

ACCESS = ["list", "read", "auth", "other", "write", "execute", "delegate", "permission"]
ACCESS_COLOURS = [
    "#a9c3d4", "#6f9fbd", "#8f8fa3", "#b5b5b5", "#e0a526", "#8a6bbf", "#4f9d7c", "#c2264b",
]  # fmt: skip

_SEVERITY = alt.Color(
    "severity:N",
    scale=alt.Scale(domain=SEVERITIES, range=SEVERITY_COLOURS),
    legend=alt.Legend(title=None, orient="top"),
)
_ACCESS = alt.Color(
    "access:N",
    scale=alt.Scale(domain=ACCESS, range=ACCESS_COLOURS),
    legend=alt.Legend(title=None, orient="top", columns=4),
)


def findings_by_day(rows: pl.DataFrame) -> alt.Chart | alt.LayerChart:
    """Bars of findings a day by severity. Columns: day, severity, findings."""
    chart: alt.Chart = (
        alt.Chart(rows)
        .mark_bar(size=12)
        .encode(
            x=alt.X("day:T", title=None),
            y=alt.Y("sum(findings):Q", title="findings", axis=alt.Axis(tickMinStep=1)),
            color=_SEVERITY,
            order=alt.Order("severity:N"),
            tooltip=["day:T", "severity:N", "sum(findings):Q"],
        )
        .properties(height=200)
    )
    return chart


def activity_by_day(rows: pl.DataFrame) -> alt.Chart | alt.LayerChart:
    """Lines of events a day by source. Columns: day, source, events."""
    chart: alt.Chart = (
        alt.Chart(rows)
        .mark_line(point=True, strokeWidth=2)
        .encode(
            x=alt.X("day:T", title=None),
            y=alt.Y("events:Q", title="events"),
            color=alt.Color("source:N", legend=alt.Legend(title=None, orient="top")),
            tooltip=["day:T", "source:N", "events:Q", "identities:Q"],
        )
        .properties(height=200)
    )
    return chart


def timeline(rows: pl.DataFrame, found: pl.DataFrame) -> alt.Chart | alt.LayerChart:
    """An identity's bars a day by access level, a mark where it has findings.

    Columns: day, access, events; and of `found`: day, severity, title.
    """
    bars = (
        alt.Chart(rows)
        .mark_bar(size=12)
        .encode(
            x=alt.X("day:T", title=None),
            y=alt.Y("sum(events):Q", title="events"),
            color=_ACCESS,
            tooltip=["day:T", "access:N", "sum(events):Q", "sum(denied):Q"],
        )
    )
    marks = (
        alt.Chart(found)
        .mark_point(shape="triangle-down", size=120, filled=True, opacity=1)
        .encode(
            x="day:T",
            y=alt.value(8),
            color=alt.Color(
                "severity:N",
                scale=alt.Scale(domain=SEVERITIES, range=SEVERITY_COLOURS),
                legend=None,
            ),
            tooltip=["day:T", "severity:N", "title:N"],
        )
    )
    chart: alt.LayerChart = (
        alt.layer(bars, marks).resolve_scale(color="independent").properties(height=240)
    )
    return chart


def chain(steps: pl.DataFrame) -> alt.Chart | alt.LayerChart:
    """One run of an agent, a step a row in order of time; what a finding points at is ringed.

    Columns: step, label, access, evidence, outcome, and time, as text: a browser would put it into
    its own time zone.
    """
    base = alt.Chart(steps).encode(
        y=alt.Y("step:O", title=None, axis=alt.Axis(labels=False, ticks=False, domain=False)),
        tooltip=["label:N", "access:N", "outcome:N", "time:N"],
    )
    line = base.mark_rule(strokeWidth=2, opacity=0.35).encode(x=alt.value(14), y2=alt.value(0))
    dots = base.mark_circle(size=160, opacity=1).encode(x=alt.value(14), color=_ACCESS)
    rings = (
        base.transform_filter("datum.evidence")
        .mark_point(size=420, strokeWidth=3, color=SEVERITY_COLOURS[3])
        .encode(x=alt.value(14))
    )
    labels = base.mark_text(align="left", dx=26, fontSize=13).encode(
        x=alt.value(14),
        text="label:N",
        color=alt.condition("datum.evidence", alt.value(SEVERITY_COLOURS[3]), alt.value("#8a8f98")),
    )
    return alt.LayerChart(layer=[line, rings, dots, labels]).properties(height=alt.Step(34))
