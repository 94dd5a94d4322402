"""Are the feeds coming, what could not be read, how did the last runs go."""

from __future__ import annotations

import json

import polars as pl
import streamlit as st

from dashboards import data, layout
from pipeline.summaries import in_words

_COUNT = st.column_config.NumberColumn(format="localized")

_STATES = (
    "quiet: its newest event is over a day old, or over a day behind the newest feed (of a feed "
    "that does not come daily: its usual gap and a day); past: it was that old when it came in"
)
_AHEAD = "events dated over a day later than they came in: a wrong clock"
_PAST = (
    "A feed of the past was already old when it came in last: whether there is more of it, "
    "nobody can tell from here."
)


def draw() -> None:
    layout.page("Health", _body)


def _body() -> None:
    st.subheader("Feeds")
    _feeds()
    st.subheader("Rejects")
    rejects = data.rows("rejects")
    if rejects.is_empty():
        st.text("Nothing was rejected.")
    else:
        layout.table(rejects, counted="rejects")
    st.subheader("Runs")
    runs = data.rows("runs")
    did = [in_words(json.loads(counts)) if counts else "" for counts in runs["summary"]]
    layout.table(runs.with_columns(summary=pl.Series(did, dtype=pl.String)), counted="runs")


def _feeds() -> None:
    feeds = data.rows("feeds", {"hour": data.hour()})
    names = {"last_event_at": "newest event", "last_ingest_at": "last ingest"}
    hours = {
        "age_hours": ("age (h)", "since its newest event"),
        "lag_hours": ("lag (h)", "from its newest event to its last ingest"),
        "behind_hours": ("behind (h)", "of its newest event behind that of the newest feed"),
    }
    columns = {
        name: st.column_config.NumberColumn(label, help=meaning, format="localized")
        for name, (label, meaning) in hours.items()
    }
    told = {
        "state": st.column_config.TextColumn(help=_STATES),
        "ahead": st.column_config.NumberColumn(help=_AHEAD, format="localized"),
    }
    counts = dict.fromkeys(("files", "events", "rejects"), _COUNT)
    layout.table(feeds.rename(names), column_config={**columns, **counts, **told})
    if "past" in feeds["state"]:
        st.caption(_PAST)
