"""What the pages read: views of the lake, cached per snapshot, and the triage they write."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl
import streamlit as st

from pipeline import plain
from pipeline.dictionary import dictionary as dictionary_of
from pipeline.errors import NhiwatchError
from pipeline.lake import Lake
from pipeline.reader import LakeReader
from pipeline.schemas import TABLES, TRIAGE
from pipeline.settings import load, utc_now

SQL = Path(__file__).parent / "sql"

ROW_LIMIT = 10_000
"""Rows a page shows at most: browsers choke long before the lake does."""


_SEEN = "seen"

Snapshot = tuple[str, tuple[tuple[str, str, int], ...]]
"""A lake, and the id and Delta version of each of its tables. A lake that was deleted and made anew
has other ids.
"""


def lake() -> Lake:
    """The lake the settings name."""
    return load().open_lake()


def look() -> bool:
    """See what is committed now: until the next look, that is what a page shows. Tells whether
    there is anything.
    """
    opened = lake()
    tables = [
        (name, table.metadata().id, table.version())
        for name, table in opened.tables(TABLES).items()
        if table is not None
    ]
    st.session_state[_SEEN] = (str(opened.location), tuple(tables))
    return _was_written("events")


def is_judged() -> bool:
    """Whether a detector has judged any day of what was looked at."""
    return _was_written("judgements")


def _was_written(table: str) -> bool:
    _, tables = st.session_state[_SEEN]
    return any(name == table for name, _, _ in tables)


def rows(name: str, params: Mapping[str, Any] | None = None) -> pl.DataFrame:
    """Rows of a SELECT of `dashboards/sql`, of the snapshot that was looked at."""
    return _rows(st.session_state[_SEEN], name, dict(params or {}))


def hour() -> datetime:
    """The hour that it is, for rows that tell of now: within it they are the same."""
    return utc_now().replace(minute=0, second=0, microsecond=0)


def user_query(sql: str) -> pl.DataFrame:
    """Rows of a SELECT that a user typed: reading only, one more than ROW_LIMIT at most, and within
    the seconds that settings allow.
    """
    seconds = load().query_seconds
    with _reader(st.session_state[_SEEN]).beside() as reader:
        return plain.frame(reader.user_query(sql, limit=ROW_LIMIT + 1, seconds=seconds))


def dictionary() -> pl.DataFrame:
    """Every table and view that a SELECT may read: a row a column, with its meaning."""
    with _reader(st.session_state[_SEEN]).beside() as reader:
        return dictionary_of(reader)


@st.cache_data(show_spinner=False, max_entries=200)
def _rows(snapshot: Snapshot, name: str, params: dict[str, Any]) -> pl.DataFrame:
    with _reader(snapshot).beside() as reader:
        return reader.query(SQL / f"{name}.sql", params)


@st.cache_resource(show_spinner=False, max_entries=4, on_release=LakeReader.close)
def _reader(snapshot: Snapshot) -> LakeReader:
    """A reader for every page that shows this snapshot: to open one takes longer than most SELECTs,
    and in a bucket some hundred requests. It can do nothing but read.
    """
    _, tables = snapshot
    versions: dict[str, int | None] = {name: version for name, _, version in tables}
    reader = lake().reader(versions=dict.fromkeys(TABLES) | versions)
    reader.restrict()
    return reader


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
    severity: str,
    until: datetime | None = None,
    assignee: str | None = None,
    note: str | None = None,
) -> None:
    """Write an analyst's decision on a finding that was as urgent as `severity`."""
    row = {
        "finding_id": finding_id,
        "decision": decision,
        "severity": severity,
        "until": until,
        "assignee": assignee,
        "note": note,
        "decided_by": "dashboard",
        "decided_at": utc_now(),
    }
    lake().append("triage", TRIAGE.frame([row]))


def fault_line(error: BaseException) -> str:
    """One line that says what went wrong."""
    return str(error) if isinstance(error, NhiwatchError) else f"{type(error).__name__}: {error}"
