"""What is new, who is riskiest, is everything still coming in."""

from __future__ import annotations

import streamlit as st

from dashboards import charts, data, layout


def draw() -> None:
    layout.page("Overview", _body)


def _body() -> None:
    _numbers()
    left, right = st.columns([7, 4], gap="medium")
    with left:
        st.subheader("New findings")
        new = layout.told(data.rows("new_findings"), "raised_from")
        if new.is_empty():
            st.text("Nothing crossed a line that nobody has looked at.")
        else:
            layout.table(
                new,
                counted="findings",
                height=layout.height(new, most=460),
                column_config={
                    "link": layout.LINK,
                    "raised_from": layout.RAISED,
                    "title": st.column_config.TextColumn(width="large"),
                    "identity_name": "identity",
                    "score": layout.SCORE,
                },
            )
    with right:
        st.subheader("Riskiest identities")
        risky = data.rows("riskiest")
        if risky.is_empty():
            st.text("No identity has an open finding.")
        else:
            layout.table(
                risky,
                counted="identities",
                height=layout.height(risky, most=460),
                column_config={
                    "link": layout.LINK,
                    "risk": st.column_config.ProgressColumn(
                        "risk",
                        help="0 to 100: its open findings by score and severity, newer ones more",
                        width="small",
                        min_value=0,
                        max_value=100,
                        format="%d",
                    ),
                    "identity_name": "identity",
                    "open_findings": "open",
                    "worst_severity": "worst",
                    "identity_kind": "kind",
                },
            )
    left, right = st.columns(2, gap="large")
    with left:
        st.subheader("Findings a day")
        st.altair_chart(charts.findings_by_day(data.rows("findings_a_day")), width="stretch")
    with right:
        st.subheader("Events a day")
        activity = data.rows("activity_a_day")
        st.altair_chart(charts.activity_by_day(activity), width="stretch")


def _numbers() -> None:
    [told] = data.rows("headline").to_dicts()
    numbers = {
        "Open findings": told["open"],
        "High or critical": told["urgent"],
        f"New on {told['day'] or 'the last day'}": told["newest"],
        "Non-human identities": told["machines"],
        "AI agents": told["agents"],
    }
    layout.numbers(numbers)
