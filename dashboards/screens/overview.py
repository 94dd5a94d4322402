"""What is new, who is riskiest, is everything still coming in."""

from __future__ import annotations

import streamlit as st

from dashboards import charts, data, layout


def draw() -> None:
    layout.page("Overview", _body)


def _body() -> None:
    _numbers()
    left, right = st.columns([3, 2], gap="large")
    with left:
        st.subheader("New findings")
        new = data.rows(
            "select day, severity, identity_name, title, detector, score, finding_id "
            "from findings_current where state = 'new' "
            "order by day desc, severity_rank desc, score desc limit 12"
        )
        if new.is_empty():
            st.text("Nothing crossed a line that nobody has looked at.")
        else:
            layout.table(new.drop("finding_id"), height=layout.height(new, most=460))
    with right:
        st.subheader("Riskiest identities")
        risky = data.rows(
            "select identity_name, identity_kind, risk, open_findings, worst_severity "
            "from identity_overview where risk > 0 order by risk desc limit 12"
        )
        layout.table(
            risky,
            height=layout.height(risky, most=460),
            column_config={
                "risk": st.column_config.ProgressColumn("risk", min_value=0, max_value=100)
            },
        )
    left, right = st.columns(2, gap="large")
    with left:
        st.subheader("Findings a day")
        st.altair_chart(charts.findings_by_day(data.rows("from daily_findings")), width="stretch")
    with right:
        st.subheader("Events a day")
        activity = data.rows("from daily_activity order by day")
        st.altair_chart(charts.activity_by_day(activity), width="stretch")


def _numbers() -> None:
    [row] = data.rows(
        "select count(*) filter (where state = 'new') as open, "
        "count(*) filter (where state = 'new' and severity_rank >= 3) as urgent, "
        "count(*) filter (where state = 'new' and day = (select max(day) from daily_activity)) "
        "as today from findings_current"
    ).to_dicts()
    [seen] = data.rows(
        "select count(*) as identities, "
        "count(*) filter (where identity_kind = 'agent') as agents, "
        "count(*) filter (where identity_kind <> 'human') as machines from identity_overview"
    ).to_dicts()
    day = data.rows("select max(day) as day from daily_activity")["day"][0]
    columns = st.columns(5)
    columns[0].metric("Open findings", f"{row['open']:,}")
    columns[1].metric("High or critical", f"{row['urgent']:,}")
    columns[2].metric(f"New on {day}", f"{row['today']:,}")
    columns[3].metric("Non-human identities", f"{seen['machines']:,}")
    columns[4].metric("AI agents", f"{seen['agents']:,}")
