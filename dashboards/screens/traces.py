"""The runs of agents, and the chain of one drawn."""

from __future__ import annotations

from typing import Any

import polars as pl
import streamlit as st

from dashboards import charts, data, layout
from pipeline import plain


def draw() -> None:
    layout.page("Traces", _body)


def _body() -> None:
    agents = data.rows("agents")
    if agents.is_empty():
        st.text("No run of an agent is in the lake. Ingest its OpenTelemetry traces.")
        return
    agent = layout.chosen(
        "agent", agents["identity_id"].to_list(), label="Agent", every="every agent"
    )
    listed = data.rows("traces", {"agent": agent, "trace": st.query_params.get("trace")})
    event = layout.table(
        listed,
        counted="runs",
        height=280,
        on_select="rerun",
        selection_mode="single-row",
        column_config={
            "trace_id": None,
            "identity_id": "agent",
            "score": layout.SCORE,
        },
    )
    ids = listed["trace_id"].to_list()
    if event.selection.rows:
        st.query_params["trace"] = ids[event.selection.rows[0]]
    _run(listed.row(layout.place_asked("trace", ids, what="run"), named=True))


def _run(run: dict[str, Any]) -> None:
    steps = data.rows("trace_steps", {"id": run["trace_id"]})
    st.divider()
    layout.text(run["finding"] or "No finding on this run.", most=layout.TITLE)
    chain, texts = st.columns([2, 3], gap="large")
    with chain:
        agent = layout.as_written(run["identity_id"])
        st.caption(f"Chain of {agent}, {run['started_at']:%Y-%m-%d %H:%M} UTC")
        calls = steps.filter(pl.col("tool_name").is_not_null() | (pl.col("access") == "delegate"))
        st.altair_chart(charts.chain(plain.seen(_labelled(calls.head(60)))), width="stretch")
        if calls.height > 60:
            st.caption(f"The first 60 of {calls.height} calls.")
    with texts:
        st.caption("Asked")
        layout.code(run["prompt"] or "not logged")
        for row in steps.filter(pl.col("tool_name").is_not_null()).head(60).iter_rows(named=True):
            with st.expander(f"Call {row['call']}", expanded=row["evidence"]):
                layout.text(row["tool_name"], most=layout.TITLE)
                layout.code(row["arguments"] or "")
                st.caption("Returned")
                layout.code(row["result"] or "not logged")


def _labelled(steps: pl.DataFrame) -> pl.DataFrame:
    return steps.select(
        "step",
        "access",
        "outcome",
        "evidence",
        time=pl.col("event_time").dt.strftime("%Y-%m-%d %H:%M:%SZ"),
        label=pl.concat_str(
            "call",
            pl.coalesce("tool_name", "action").str.slice(0, 60),
            separator=". ",
            ignore_nulls=True,
        ),
    )
