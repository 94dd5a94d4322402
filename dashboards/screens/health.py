"""Are the feeds coming, what could not be read, how did the last runs go."""

from __future__ import annotations

import streamlit as st

from dashboards import data, layout


def draw() -> None:
    layout.page("Health", _body)


def _body() -> None:
    st.subheader("Feeds")
    layout.table(data.rows("feeds"))
    st.subheader("Rejects")
    rejects = data.rows("rejects")
    if rejects.is_empty():
        st.text("Nothing was rejected.")
    else:
        layout.table(rejects)
    st.subheader("Runs")
    layout.table(data.rows("runs"))
