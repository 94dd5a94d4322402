"""One identity: its timeline, its findings, what it does and may do, what is normal for it."""

from __future__ import annotations

from typing import Any

import polars as pl
import streamlit as st

from dashboards import charts, data, layout

ASPECTS = {
    "Actions": "action",
    "Networks": "network",
    "Clients": "client",
    "Credentials": "credential",
    "Resources": "resource",
}


def draw() -> None:
    layout.page("Identity", _body)


def _body() -> None:
    listed = data.rows("identities")
    names = dict(listed.select("identity_id", "identity_name").iter_rows())
    chosen = layout.chosen(
        "id",
        list(names),
        label="Identity, riskiest first",
        told=lambda who: who if names[who] in {None, who} else f"{names[who]} · {who}",
    )
    if chosen is None:
        st.text("No identity is known yet.")
        return
    [who] = data.rows("identity", {"id": chosen}).to_dicts()
    _facts(who)
    found = data.rows("identity_findings", {"id": chosen})
    st.subheader("Timeline")
    activity = data.rows("identity_timeline", {"id": chosen})
    marked = found.join(activity, on="day", how="semi")
    st.altair_chart(charts.timeline(activity, marked), width="stretch")
    st.subheader("Findings")
    if found.is_empty():
        st.text("None.")
    else:
        layout.table(found, column_config={"score": layout.SCORE})
    st.subheader("What it does")
    _capability(who)
    st.subheader("Normal in the last 30 days")
    for tab, aspect in zip(st.tabs(list(ASPECTS)), ASPECTS.values(), strict=True):
        with tab:
            normal = data.rows("identity_normal", {"id": chosen, "aspect": aspect})
            layout.table(normal, counted="values", height=layout.height(normal, most=320))


def _capability(who: dict[str, Any]) -> None:
    """Declared beside observed, a row a month and capability, with the proof."""
    does = data.rows("identity_capability", {"id": who["identity_id"]})
    declared = (who["capability"] or "").replace(";", ", ").replace("_", " ")
    beyond = ", ".join(does.filter(~pl.col("within_declared"))["does"].unique(maintain_order=True))
    layout.text(
        f"Declared to {declared}; {f'beyond that it {beyond}' if beyond else 'it keeps to that'}."
        if declared
        else "Nobody declared what it may do."
    )
    columns = {
        "within_declared": st.column_config.CheckboxColumn("declared"),
        "examples": st.column_config.ListColumn("example events"),
    }
    layout.table(does, height=layout.height(does, most=320), column_config=columns)


def _facts(who: dict[str, Any]) -> None:
    numbers = {
        "Risk, 0 to 100": who["risk"],
        "Open findings": who["open_findings"],
        "Events in 30 days": who["events_30_days"],
        "Denied in 30 days": who["denied_30_days"],
        "Active days": who["active_days"],
    }
    layout.numbers(numbers)
    declared = (
        f"declared, owner {who['owner'] or 'none'}, {who['purpose'] or 'no purpose'}"
        if who["declared"]
        else "not in the inventory: nobody declared it"
    )
    kind = who["identity_kind"].replace("_", " ")
    account = who["account_id"] or "unknown"
    layout.text(who["identity_name"], most=layout.TITLE)
    layout.text(f"{kind} in account {account}; {declared}", most=2 * layout.TITLE)
