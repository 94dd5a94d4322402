"""Are the feeds coming, what could not be read, how did the last runs go."""

from __future__ import annotations

import streamlit as st

from dashboards import data, layout


def draw() -> None:
    layout.page("Health", _body)


def _body() -> None:
    st.subheader("Feeds")
    layout.table(data.rows("from feeds order by source"))
    st.subheader("Rejects")
    rejects = data.rows(
        "select source_file, record_index, reason, left(text, 200) as text, text_bytes, "
        "rejected_at from rejects order by rejected_at desc, source_file, record_index limit 500"
    )
    if rejects.is_empty():
        st.text("Nothing was rejected.")
    else:
        layout.table(rejects)
    st.subheader("Runs")
    layout.table(
        data.rows(
            "select started_at, command, status, round(epoch(finished_at - started_at), 1) "
            "as seconds, summary, array_to_string(errors, '; ') as errors, run_id, version "
            "from runs order by started_at desc limit 50"
        )
    )
