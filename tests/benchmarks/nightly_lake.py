"""A lake of many events for the nightly benchmark, appended in bulk.

    python tests/benchmarks/nightly_lake.py history LAKE --events 10000000
    python tests/benchmarks/nightly_lake.py day LAKE --events 10000000

The sample company's 30 days, `raw` left out, for as many companies as it takes: each has its own
identities, credentials, sessions, accounts, resources and event ids, and seven times the sample's
work a day. `day` appends one more day, the last week's same weekday again.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path

import polars as pl

from pipeline.ingest import ingest
from pipeline.lake import Lake
from pipeline.schemas import EVENTS
from sample_data import DATA

NOW = datetime(2026, 10, 2, tzinfo=timezone.utc)
A_DAY_AS = 7
OWN = (
    "identity_id",
    "identity_name",
    "on_behalf_of",
    "session_id",
    "trace_id",
    "parent_id",
    "credential_id",
    "account_id",
    "resource_id",
)
"""What another company does not share, beside event_id."""


def sample() -> pl.DataFrame:
    """The sample's events."""
    with tempfile.TemporaryDirectory() as folder:
        lake = Lake(Path(folder) / "lake")
        ingest(lake, [DATA / "AWSLogs", DATA / "traces"], now=NOW, run_id="benchmark")
        with lake.reader(tables=["events"]) as reader:
            events = reader.query("from events")
    return events.with_columns(raw=pl.lit(None, pl.String))


def copies(events: pl.DataFrame, company: int) -> Iterator[pl.DataFrame]:
    """The events as another company's, as often as it works as much as the sample's."""
    theirs = events.with_columns(pl.col(OWN) + f"~{company}")
    for copy in range(A_DAY_AS):
        # Seconds apart, and not over midnight.
        later = pl.col("event_time") + timedelta(seconds=copy)
        on_the_day = later.dt.date() == pl.col("event_date")
        yield theirs.with_columns(
            pl.col("event_id") + f"~{company}~{copy}",
            pl.col("trace_id", "session_id", "parent_id") + f"~{copy}",
            event_time=pl.when(on_the_day).then(later).otherwise("event_time"),
        )


def append(lake: Lake, events: pl.DataFrame, *, companies: int) -> int:
    """Append the events of so many companies, one commit each; returns how many."""
    return sum(
        lake.append(
            "events",
            pl.concat(copies(events, company)).select(EVENTS.column_names).sort("event_date"),
        )
        for company in range(companies)
    )


def next_day(events: pl.DataFrame) -> pl.DataFrame:
    """The day after the last, as a week before it."""
    week = timedelta(days=7)
    same_weekday = pl.col("event_date").max() + timedelta(days=1) - week
    of_last_week = events.filter(pl.col("event_date") == same_weekday)
    return of_last_week.with_columns(
        pl.col("event_time", "event_date") + week,
        event_id=pl.col("event_id") + "~next",
    ).with_columns(pl.col("trace_id", "session_id", "parent_id") + "~next")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("part", choices=["history", "day"])
    parser.add_argument("lake", type=Path)
    parser.add_argument("--events", type=int, default=10_000_000)
    told = parser.parse_args()
    events = sample()
    companies = -(-told.events // (events.height * A_DAY_AS))
    part = events if told.part == "history" else next_day(events)
    print(append(Lake(told.lake), part, companies=companies))


if __name__ == "__main__":
    main()
