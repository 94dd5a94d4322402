"""The findings: list, filter, and one whole with its evidence and what was decided on it."""

from __future__ import annotations

import json
from datetime import datetime, time, timedelta, timezone
from typing import Any
from urllib.parse import urlencode

import polars as pl
import streamlit as st

from dashboards import data, layout

FILTERS = ["state", "severity", "detector", "identity"]
STATES = ["new", "acknowledged", "suppressed", "handed_over"]
SEVERITIES = ["critical", "high", "medium", "low"]
DECIDED = {"acknowledge": "acknowledged", "suppress": "suppressed", "hand_over": "handed over"}


def draw() -> None:
    layout.page("Findings", _body)


def _body() -> None:
    listed = _filtered()
    if listed.is_empty():
        is_filtered = any(name in st.query_params for name in FILTERS)
        st.text("No finding matches these filters." if is_filtered else "There is no finding.")
        return
    names = ["day", "severity", "raised_from", "score", "identity_name", "title", "detector"]
    brief = layout.told(listed.select(*names, "state"), "raised_from")
    event = layout.table(
        brief,
        height=layout.height(brief, most=320),
        on_select="rerun",
        selection_mode="single-row",
        column_config={
            "raised_from": layout.RAISED,
            "score": layout.SCORE,
            "identity_name": "identity",
        },
    )
    layout.download(listed, file="findings.csv")
    if event.selection.rows:
        st.query_params["finding"] = listed["finding_id"][event.selection.rows[0]]
    place = layout.place_asked("finding", listed["finding_id"].to_list(), what="finding")
    _detail(listed.row(place, named=True))


def _filtered() -> pl.DataFrame:
    columns = st.columns(4)
    detectors = data.rows("detectors")
    with columns[0]:
        state = layout.chosen("state", STATES, label="State", every="every state")
    with columns[1]:
        severity = layout.chosen("severity", SEVERITIES, label="Severity", every="every severity")
    with columns[2]:
        detector = layout.chosen(
            "detector", detectors["detector"].to_list(), label="Detector", every="every detector"
        )
    with columns[3]:
        text = st.text_input("Identity contains", value=st.query_params.get("identity", ""))
        if text:
            st.query_params["identity"] = text
        else:
            st.query_params.pop("identity", None)
    return data.rows(
        "findings",
        {"state": state, "severity": severity, "detector": detector, "text": text},
    )


def _detail(finding: dict[str, Any]) -> None:
    st.divider()
    layout.text(finding["title"], most=layout.TITLE)
    st.caption(
        f"{finding['severity']} · score {finding['score']:.2f} · "
        f"confidence {finding['confidence']:.2f} · {finding['day']} · {finding['state']}"
    )
    _raised(finding)
    observed, expected = st.columns(2, gap="large")
    with observed, st.container(border=True):
        st.caption("Observed")
        layout.text(finding["observed"])
    with expected, st.container(border=True):
        st.caption("Expected")
        layout.text(finding["expected"])
        st.caption("Resting on")
        layout.text(finding["support"])
    st.caption("Identity and subject")
    layout.code(f"{finding['identity_id']}\n{finding['subject']}")
    _links(finding)
    st.caption(" · ".join(finding["frameworks"]).replace("&", "&amp;"))
    _triage(finding)
    _evidence(finding)


def _raised(finding: dict[str, Any]) -> None:
    """Why a finding that was decided is here again."""
    if finding["raised_from"] is not None:
        layout.text(
            f"It was {DECIDED[finding['decision']]} on {finding['decided_at']:%Y-%m-%d} as "
            f"{finding['raised_from']} ({finding['note'] or 'no note'}), and is "
            f"{finding['severity']} now."
        )


def _links(finding: dict[str, Any]) -> None:
    """The pages that tell the finding's story."""
    with st.container(horizontal=True):
        who = urlencode({"id": finding["identity_id"]})
        st.link_button("The identity", f"identity?{who}", icon=":material/badge:")
        kind, _, subject = finding["subject"].partition(":")
        if kind == "trace":
            run = urlencode({"trace": subject})
            st.link_button("The run", f"traces?{run}", icon=":material/account_tree:")


def _evidence(finding: dict[str, Any]) -> None:
    events = data.evidence(
        finding["evidence"], first=finding["first_seen"], last=finding["last_seen"]
    )
    st.subheader(f"Evidence: {events.height} events")
    gone = set(finding["evidence"]) - set(events["event_id"])
    if gone:
        st.text(f"{len(gone)} of its {len(finding['evidence'])} events are no longer in the lake.")
    if events.is_empty():
        return
    of_table = events.drop("raw")
    told = [name for name in of_table.columns if of_table[name].null_count() < events.height]
    layout.table(of_table.select(told), height=layout.height(events, most=300))
    for row in events.head(5).iter_rows(named=True):
        with st.expander(f"Record of {row['event_time']:%Y-%m-%d %H:%M:%S} UTC"):
            layout.code(_pretty(row["raw"] or "not kept"), language="json")


def _triage(finding: dict[str, Any]) -> None:
    """The decisions. Each widget is of this finding: a click that arrives when the list has changed
    must not decide on another one.
    """
    finding_id = finding["finding_id"]
    with st.container(horizontal=True):
        if st.button("Acknowledge", key=f"acknowledge {finding_id}", icon=":material/check:"):
            _decide(finding, "acknowledge")
        with st.popover("Suppress", icon=":material/notifications_off:"):
            until = st.date_input(
                "Until",
                value=finding["newest_day"] + timedelta(days=30),
                min_value=finding["newest_day"] + timedelta(days=1),
                key=f"until {finding_id}",
            )
            note = st.text_input("Why", key=f"why {finding_id}")
            if st.button("Suppress until then", key=f"suppress {finding_id}"):
                end = datetime.combine(until, time(), tzinfo=timezone.utc)
                _decide(finding, "suppress", until=end, note=note or None)
        with st.popover("Hand over", icon=":material/forward:"):
            assignee = st.text_input(
                "To whom", value=finding["owner"] or "", key=f"assignee {finding_id}"
            ).strip()
            if st.button("Hand over to them", key=f"hand {finding_id}", disabled=not assignee):
                _decide(finding, "hand_over", assignee=assignee)
        if finding["state"] != "new" and st.button(
            "Reopen", key=f"reopen {finding_id}", icon=":material/undo:"
        ):
            _decide(finding, "reopen")


def _decide(finding: dict[str, Any], decision: str, **more: Any) -> None:
    data.decide(finding["finding_id"], decision, severity=finding["severity"], **more)
    st.rerun()


def _pretty(raw: str) -> str:
    try:
        indented = json.dumps(json.loads(raw), indent=2, ensure_ascii=False)
        indented.encode()  # Half a surrogate pair may be in JSON, and cannot be sent.
    except (ValueError, RecursionError):
        return raw
    return indented
