"""What lies in a lake: events to append, and which of them are there; rows; a copy."""

from __future__ import annotations

import shutil
from datetime import date, datetime, timezone
from pathlib import Path
from typing import Any

import pyarrow as pa

from pipeline.lake import Lake
from pipeline.schemas import EVENTS

DAY = date(2026, 1, 2)


def events(*event_ids: str, source: str = "log", day: date = DAY, **over: Any) -> pa.Table:
    """An event of each id, at midnight; `over` in the other columns, which are null."""
    time = datetime(day.year, day.month, day.day, tzinfo=timezone.utc)
    rows = [
        {"event_id": id_, "source": source, "event_date": day, "event_time": time, **over}
        for id_ in event_ids
    ]
    return pa.Table.from_pylist(rows, schema=EVENTS.arrow_schema)


def rows(lake: Lake, sql: str, **options: Any) -> list[tuple[Any, ...]]:
    """The rows of a SELECT; `options` are those of `Lake.reader`."""
    with lake.reader(**options) as reader:
        return reader.query(sql).rows()


def event_ids(lake: Lake, **options: Any) -> list[str]:
    """The ids of all events, in order."""
    return [id_ for (id_,) in rows(lake, "select event_id from events order by all", **options)]


def copy_of(lake: Lake, folder: Path) -> Lake:
    """A lake in a new folder that a test may write to, as the one that tests share."""
    copy = Lake(folder)
    shutil.copytree(lake.location, copy.location)
    return copy
