"""The dashboard: Streamlit pages over the lake's views. Numbers on a page are SQL columns."""
