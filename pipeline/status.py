"""What happened, for somebody who was not there: feeds, rejects, runs, tables, what to do next."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl

from pipeline.housekeeping import Rules, busy
from pipeline.lake import Lake
from pipeline.schemas import TABLES

SQL = Path(__file__).parent / "sql"


@dataclass(frozen=True)
class Status:
    """Rows of `feeds.sql`, `reject_reasons.sql` and `last_runs.sql`; `tables`: rows, data files,
    bytes and partitions with too many small files of each table that has any; what to do next, a
    line each, most urgent first.
    """

    feeds: pl.DataFrame
    rejects: pl.DataFrame
    runs: pl.DataFrame
    tables: pl.DataFrame
    next: tuple[str, ...]


def status(lake: Lake, *, rules: Rules, unjudged: int, now: datetime) -> Status:
    """How the lake is `now`; `unjudged` is how many days of it are not rolled up or judged yet."""
    with lake.reader() as reader:
        feeds = reader.query(SQL / "feeds.sql", {"now": now})
        rejects = reader.query(SQL / "reject_reasons.sql")
        runs = reader.query(SQL / "last_runs.sql")
        facts = reader.query(SQL / "next_steps.sql").row(0, named=True)
    tables = _tables(lake, rules)
    untidy = tables.filter(pl.col("untidy_partitions") > 0)["table"].to_list()
    steps = tuple(_next({**facts, "unjudged": unjudged, "untidy": untidy}, feeds))
    return Status(feeds, rejects, runs, tables, steps)


def as_dict(told: Status) -> dict[str, Any]:
    """The status as plain data."""
    runs = [{**run, "summary": json.loads(run["summary"] or "{}")} for run in told.runs.to_dicts()]
    return {
        "feeds": told.feeds.to_dicts(),
        "rejects": told.rejects.to_dicts(),
        "runs": runs,
        "tables": told.tables.to_dicts(),
        "next": list(told.next),
    }


def _tables(lake: Lake, rules: Rules) -> pl.DataFrame:
    files = {name: lake.files(name) for name in TABLES}
    rows = [
        {
            "table": name,
            "rows": there["rows"].sum(),
            "files": there.height,
            "bytes": there["bytes"].sum(),
            "untidy_partitions": busy(there, rules.of(name)).height,
        }
        for name, there in files.items()
        if there.height
    ]
    names = ("rows", "files", "bytes", "untidy_partitions")
    return pl.DataFrame(rows, schema={"table": pl.String, **dict.fromkeys(names, pl.Int64)})


def _next(facts: dict[str, Any], feeds: pl.DataFrame) -> Iterator[str]:
    """What to do next, from the row of `next_steps.sql`, what the log of the lake tells, and the
    feeds.
    """
    if facts["last_status"] == "failed":
        yield (
            f"The last {facts['last_command']} failed (see Runs): put right what it names and give "
            "the command again; it goes on where it broke off."
        )
    if facts["in_part"]:
        yield (
            f"{facts['in_part']:,} files are in only in part: unless an ingest is at work, "
            "give it again; it goes on where it broke off."
        )
    elif not facts["files"]:
        yield "There is nothing in the lake yet: nhiwatch run PATH"
    for feed in feeds.filter(state="quiet").iter_rows(named=True):
        yield (
            f"Feed {feed['source']} is quiet, its newest event {feed['age_hours']:,.0f} hours old: "
            "look whether its files still come."
        )
    for feed in feeds.filter(pl.col("ahead") > 0).iter_rows(named=True):
        yield (
            f"Feed {feed['source']} has events dated over a day later than they came in "
            f"({feed['ahead']:,}): look for a wrong clock."
        )
    if facts["unjudged"]:
        yield f"{facts['unjudged']:,} days are not judged by every detector: nhiwatch detect"
    if facts["new_findings"]:
        yield f"{facts['new_findings']:,} findings are new: nhiwatch findings"
    if facts["rejects"]:
        yield (
            f"{facts['rejects']:,} records could not be read: nhiwatch rejects shows them; "
            "after an update or a changed setting, nhiwatch rejects --replay tries them again."
        )
    if facts["untidy"]:
        yield f"Many small files in {', '.join(facts['untidy'])}: nhiwatch compact"
