"""Are the feeds coming, what could not be read, how did the last runs go."""

from __future__ import annotations

import streamlit as st

from dashboards import data, layout

_COUNT = st.column_config.NumberColumn(format="localized")


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
    layout.table(data.rows("runs"), counted="runs")


def _feeds() -> None:
    feeds = data.rows("feeds")
    names = {"last_event_at": "newest event", "last_ingest_at": "last ingest"}
    hours = {
        "lag_hours": ("lag (h)", "from its newest event to its last ingest"),
        "behind_hours": ("behind (h)", "of its newest event behind that of the newest feed"),
    }
    columns = {
        name: st.column_config.NumberColumn(label, help=meaning, format="localized")
        for name, (label, meaning) in hours.items()
    }
    counts = dict.fromkeys(("files", "events", "rejects"), _COUNT)
    layout.table(feeds.rename(names), column_config={**columns, **counts})
