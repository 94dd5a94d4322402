"""Any JSON at all, for hypothesis."""

from __future__ import annotations

from hypothesis import strategies as st

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
"""Text that JSON can hold: ingest rejects lone surrogates before a source sees them."""

_TOLD_APART = ["", "true", "AKIA", "a:b", "arn:aws:sts::1:assumed-role/", "Root", "2024-"]
"""Text that sources tell from other text, and would hardly meet."""

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXT
    | st.sampled_from(_TOLD_APART),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=6,
)
"""A JSON value: null, a number, a text, or a list or an object of some."""
