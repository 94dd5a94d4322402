"""The dashboard's front door: `nhiwatch dashboard` runs this file with Streamlit."""

from __future__ import annotations

import streamlit as st

from dashboards.screens import findings, health, identity, overview, sql, traces

PAGES = [
    st.Page(overview.draw, title="Overview", icon=":material/radar:", default=True),
    st.Page(findings.draw, title="Findings", url_path="findings", icon=":material/flag:"),
    st.Page(identity.draw, title="Identity", url_path="identity", icon=":material/badge:"),
    st.Page(traces.draw, title="Traces", url_path="traces", icon=":material/account_tree:"),
    st.Page(sql.draw, title="SQL", url_path="sql", icon=":material/terminal:"),
    st.Page(health.draw, title="Health", url_path="health", icon=":material/monitor_heart:"),
]

st.set_page_config(page_title="nhiwatch", page_icon=":material/radar:", layout="wide")
st.navigation(PAGES).run()
