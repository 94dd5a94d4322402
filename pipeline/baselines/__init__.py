"""What is normal: daily roll-ups of `events`, made once per day and source; profiles from them.

A roll-up is one `.sql` file of the name of its table. It reads the relation `todo(source,
event_date)`: the days to make, and may read `capabilities(action, access, is_tool, capability)`.
To add one, write the file and its table in `pipeline.schemas`.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from pathlib import Path

import polars as pl

from pipeline.enrich.capability import capabilities
from pipeline.lake import ConcurrentWriteError, Lake, of_days, of_period
from pipeline.reader import LakeReader

HERE = Path(__file__).parent
DAILY = sorted(path.stem for path in HERE.glob("daily_*.sql"))
"""The roll-up tables."""

DAYS_AT_ONCE = 31
EVENTS_AT_ONCE = 500_000
"""Days of a source, and about how many events, rolled up in one commit: bounds memory on a long
backlog.
"""


def missing_days(lake: Lake, *, since: date | None = None) -> pl.DataFrame:
    """The days whose events, or those of the day before, changed since they were rolled up:
    source, event_date, events, events_before.

    Until its day is out of retention (before `since`), events are only ever added, so a day is up
    to date if the counts are those that it was made from. All counts come from small data: the
    Delta log of `events`, and the table `rollups`.
    """
    there = lake.partition_counts("events").rename({"rows": "events"})
    before = there.select("source", pl.col("event_date").dt.offset_by("1d"), events_before="events")
    counted = there.join(before, on=["source", "event_date"], how="left")
    with lake.reader(tables=["rollups"]) as reader:
        done = reader.columns("rollups", counted.columns)
    return (
        _kept(counted, since)
        .join(_kept(done, since), on=counted.columns, how="anti")
        .sort("event_date", "source")
    )


def _kept(counts: pl.DataFrame, since: date | None) -> pl.DataFrame:
    """The counts of the days that are kept. Of the first, what was before is going, or gone."""
    before = pl.col("events_before").fill_null(0)
    if since is None:
        return counts.with_columns(before)
    return counts.filter(pl.col("event_date") >= since).with_columns(
        pl.when(pl.col("event_date") > since).then(before).otherwise(0).alias("events_before")
    )


def roll_up(
    lake: Lake,
    *,
    now: datetime,
    since: date | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> int:
    """Make the roll-ups of every day that needs it; returns how many source-days that were.

    Days before `since` are left as they are: their events are, or will be, gone.
    `rollups` is written last, so a killed run is simply done again. Who has seen older events than
    another that has written a table meanwhile is refused there, and looks again what is missing:
    what it had written before, the other has written over. `progress` is told days done and days in
    all.
    """
    done = 0
    while True:
        missing = missing_days(lake, since=since)
        total = done + missing.height
        try:
            for chunk in _at_once(missing):
                _roll_up_days(lake, chunk, now=now)
                done += chunk.height
                if progress is not None:
                    progress(done, total)
        except ConcurrentWriteError:  # the other has got as far, so one of the two always gets on
            continue
        return done


def _at_once(missing: pl.DataFrame) -> list[pl.DataFrame]:
    """The days in groups that are rolled up together, each of one source."""
    before = pl.col("events").cum_sum() - pl.col("events")
    groups = {
        "days": pl.int_range(pl.len()) // DAYS_AT_ONCE,
        "size": before // EVENTS_AT_ONCE,
    }
    return missing.with_columns(
        group.over("source").alias(name) for name, group in groups.items()
    ).partition_by("source", *groups, maintain_order=True)


def _roll_up_days(lake: Lake, days: pl.DataFrame, *, now: datetime) -> None:
    """Put the roll-ups of some days of one source in place of those there are."""
    where = of_days(days)
    by_day = days.sort("event_date")
    source, first = by_day.select("source", "event_date").row(0)
    # The day before too: daily_delegation follows what was handed over then past midnight.
    period = of_period(source, first - timedelta(days=1), by_day["event_date"][-1])
    # Taken before the events are looked at: so nothing is put in place of what was made from newer.
    turns = {name: lake.next_turn(name, "roll_up") for name in (*DAILY, "rollups")}
    with lake.reader(tables=["events"], only={"events": period}) as reader:
        counted = _counts(reader, days)
        reader.define("todo", days.select("source", "event_date"))
        reader.define("capabilities", capabilities(reader.query(HERE / "distinct_actions.sql")))
        for name in DAILY:
            rolled_up = reader.arrow(HERE / f"{name}.sql")
            lake.replace(name, rolled_up, where=where, turn=turns[name])
    rolled = counted.with_columns(rolled_at=pl.lit(now))
    lake.replace("rollups", rolled, where=where, turn=turns["rollups"])


def _counts(reader: LakeReader, days: pl.DataFrame) -> pl.DataFrame:
    """Events of those days in the reader's snapshot, which may be newer than `days`."""
    reader.define("asked", days.select("source", "event_date"))
    return reader.query(HERE / "counted.sql")
