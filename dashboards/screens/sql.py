"""Ask the lake: read-only SQL, with the data dictionary beside it."""

from __future__ import annotations

import streamlit as st

from dashboards import data, layout
from pipeline import plain
from pipeline.errors import QueryError
from pipeline.schemas import TABLES

EXAMPLES = {
    "Findings by detector": (
        "select detector, severity, count(*) as findings\n"
        "from findings_current group by all order by findings desc"
    ),
    "Who changed permissions": (
        "select event_date, identity_name, action, resource_id, outcome\n"
        "from events where access = 'permission' order by event_time desc limit 100"
    ),
    "Where each credential is used": (
        "select credential_id, network, country, sum(events) as events\n"
        "from daily_credential group by all order by events desc limit 100"
    ),
    "Tools of each agent": (
        "select identity_id, action, access, sum(events) as calls\n"
        "from daily_action where identity_kind = 'agent' group by all order by calls desc"
    ),
}


def draw() -> None:
    layout.page("SQL", _body)


def _body() -> None:
    asking, dictionary = st.columns([3, 2], gap="large")
    with dictionary:
        _dictionary()
    with asking:
        example = st.selectbox("Example", list(EXAMPLES), on_change=_forget)
        text = st.text_area(
            "One SELECT", value=st.query_params.get("q", EXAMPLES[example]), height=140
        )
        if st.button("Run", type="primary") and text:
            st.query_params["q"] = text
        asked = st.query_params.get("q")
        if asked:
            _answer(asked)


def _forget() -> None:
    """An example takes the place of what was asked."""
    st.query_params.pop("q", None)


def _answer(statement: str) -> None:
    try:
        rows = data.user_query(statement)
    except QueryError as error:
        layout.fault(error)
        return
    if rows.columns == ["explain_key", "explain_value"]:
        st.code("\n".join(rows["explain_value"]), language=None)
        return
    if rows.height > data.ROW_LIMIT:
        st.caption(f"More than {data.ROW_LIMIT:,} rows; shown and downloaded are the first.")
        rows = rows.head(data.ROW_LIMIT)
    layout.table(plain.flat(rows))
    layout.download(rows, file="nhiwatch.csv")


def _dictionary() -> None:
    told = data.dictionary()
    names = told["relation"].unique(maintain_order=True).to_list()
    name = st.selectbox("Data dictionary: tables, then views", names)
    if name in TABLES:
        st.caption(TABLES[name].meaning)
    columns = told.filter(relation=name).select("column", "meaning", "unit", "type")
    layout.table(columns, height=420)
