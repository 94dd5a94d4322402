"""What the pages read: views of the lake, cached per snapshot, and the triage they write."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl
import streamlit as st

from pipeline.errors import NhiwatchError
from pipeline.lake import Lake
from pipeline.schemas import TRIAGE, json_text
from pipeline.settings import load, utc_now

SQL = Path(__file__).parent / "sql"

ROW_LIMIT = 10_000
"""Rows a page shows at most: browsers choke long before the lake does."""


def lake() -> Lake:
    """The lake the settings name."""
    return load().open_lake()


def snapshot() -> str:
    """What is committed now; a change of it empties the caches of the pages."""
    opened = lake()
    return f"{opened.location}|{sorted(opened.versions().items())}"


def rows(name: str, params: Mapping[str, Any] | None = None) -> pl.DataFrame:
    """Rows of a SELECT of `dashboards/sql`, of the newest snapshot."""
    return _rows(snapshot(), name, dict(params or {}))


@st.cache_data(show_spinner=False, max_entries=200)
def _rows(snapshot: str, name: str, params: dict[str, Any]) -> pl.DataFrame:
    with lake().reader() as reader:
        return reader.query(SQL / f"{name}.sql", params)


def user_query(sql: str) -> pl.DataFrame:
    """Rows of a SELECT that a user typed: reading only, one more than ROW_LIMIT at most."""
    with lake().reader() as reader:
        reader.restrict()
        return pl.DataFrame(reader.user_query(sql, limit=ROW_LIMIT + 1))


def evidence(event_ids: list[str], *, first: datetime, last: datetime) -> pl.DataFrame:
    """The events that a finding points at, in its order."""
    return rows(
        "evidence",
        {"ids": event_ids, "first": first.date(), "last": last.date()},
    )


def decide(
    finding_id: str,
    decision: str,
    *,
    until: datetime | None = None,
    assignee: str | None = None,
    note: str | None = None,
) -> None:
    """Write an analyst's decision on a finding."""
    row = {
        "finding_id": finding_id,
        "decision": decision,
        "until": until,
        "assignee": assignee,
        "note": note,
        "decided_by": "dashboard",
        "decided_at": utc_now(),
    }
    lake().append("triage", TRIAGE.frame([row]))


def as_csv(rows: pl.DataFrame) -> str:
    """Rows as CSV; lists and structs as JSON text."""
    nested = [name for name, kind in rows.schema.items() if kind.is_nested()]
    texts = [pl.Series(name, list(map(json_text, rows[name].to_list()))) for name in nested]
    return rows.with_columns(texts).write_csv()


def is_empty() -> bool:
    """Whether there is nothing to show yet."""
    opened = lake()
    return not opened.exists() or opened.table("events") is None


def fault_line(error: Exception) -> str:
    """One line that says what went wrong."""
    return str(error) if isinstance(error, NhiwatchError) else f"{type(error).__name__}: {error}"
