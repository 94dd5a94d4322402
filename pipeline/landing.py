"""Events into the lake, each once: what is new of them, whose they are, and the files' accounts.

Order of commits for a batch: `events`, then `rejects`, then `ingests`. A file is known only when
all of it is in; a process killed before that reads it again, and finds there what it had landed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa

from pipeline.arrivals import LogFile
from pipeline.booking import book, take_back
from pipeline.content import Content, Privacy
from pipeline.errors import LakeError
from pipeline.lake import ConcurrentWriteError, Lake, of_days, of_period
from pipeline.parsing import FileBroken, ParsedBatch
from pipeline.schemas import REJECTS, ROLLUPS
from pipeline.sources import Source

SQL = Path(__file__).parent / "sql"
QUEUE = "ingest"
_ATTEMPTS = 100
_ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, kw_only=True)
class Lander:
    """Commits batches for one run; `done` are the files that are wholly in."""

    lake: Lake
    now: datetime
    run_id: str
    reject_text_bytes: int
    privacy: Privacy
    done: list[LogFile] = field(default_factory=list)

    def land(self, batch: ParsedBatch) -> None:
        """Commit a batch: its events, its rejects, and the accounts of the files that end in it."""
        self.land_events(batch)
        take_back(self.lake, [*(file for file, _ in batch.records), *batch.finished])
        self.lake.append_new("rejects", self.reject_rows(batch.broken))
        book(self.lake, batch.finished, now=self.now, run_id=self.run_id)
        self.done.extend(batch.finished)

    def land_events(self, batch: ParsedBatch) -> None:
        """Commit a batch's events and write what became of it into its files' accounts."""
        files = {file.path: file for file, _ in batch.records}
        for source, events in batch.events:
            whole = self._with_agents(source, events)
            for row in self._append(source, whole).iter_rows(named=True):
                _count(files[row["source_file"]], row)
        for file, records in batch.records:
            file.records += records
        for file, _ in batch.broken:
            file.rejects += 1
        self._account_copies([file for file in batch.finished if file.same_as is not None])

    def _account_copies(self, copies: Sequence[LogFile]) -> None:
        """Write into the accounts of files that were not read, for their content is known from
        another, which events are theirs all the same and which the other's.
        """
        if not copies:
            return
        with self.lake.reader(tables=["events"]) as reader:
            reader.define("copies", pl.DataFrame({"source_file": [file.path for file in copies]}))
            landed = dict(reader.query(SQL / "landed.sql").rows())
        for file in copies:
            assert file.same_as is not None
            held = file.same_as.events + file.same_as.duplicates
            file.events = min(landed.get(file.path, 0), held)
            file.duplicates = held - file.events

    def reject_rows(self, broken: Sequence[FileBroken]) -> pl.DataFrame:
        """The rows of `rejects`."""
        most = self.reject_text_bytes
        rows = [
            {
                "source_file": file.path,
                "fingerprint": file.fingerprint,
                "record_index": part.index,
                "source": file.source,
                "reason": part.reason,
                "text": part.text[:most].decode("utf-8", "backslashreplace")
                if self.privacy.of(file.source) is Content.KEEP
                else None,
                "text_bytes": len(part.text),
                "rejected_at": self.now,
            }
            for file, part in broken
        ]
        return REJECTS.frame(rows)

    def _with_agents(self, source: Source, events: pa.Table) -> pa.Table:
        """The events with the agents that their traces' spans name, here or in the lake.

        Events that landed before their agent was known are put right; their days' roll-ups are
        taken back first, so that these are made again.
        """
        if source.own_agent is None or events.num_rows == 0:
            return events
        params = {"own_agent": source.own_agent, **_days(source, events)}
        # A run may go on past midnight: spans.sql looks a day further, each way.
        days_there = of_period(
            source.name, params["first_day"] - _ONE_DAY, params["last_day"] + _ONE_DAY
        )
        with self.lake.reader(tables=["events"], only={"events": days_there}) as reader:
            reader.define("arrived", events)
            reader.define("spans", SQL / "spans.sql", params)
            agents = reader.query(SQL / "agents.sql")
        landed = agents.filter("landed")
        if landed.height:
            days = landed.select("source", "event_date").unique().sort("event_date")
            self.lake.replace("rollups", ROLLUPS.arrow_schema.empty_table(), where=of_days(days))
            self.lake.merge("events", landed.drop("landed", "event_date"))
        return _updated(events, agents.drop("landed", "event_date"))

    def _append(self, source: Source, events: pa.Table) -> pl.DataFrame:
        """Append the events that the lake does not have yet; returns per file what became of its.

        Another process may land the same events at the same time: then this one's commit is
        refused, and it looks again.
        """
        if events.num_rows == 0:
            return _landed(events, pl.Series([], dtype=pl.String))
        params = _days(source, events)
        days = of_period(source.name, params["first_day"], params["last_day"])
        keys = pl.DataFrame(events.select(["event_id", "source_file", "record_index"]))
        for _ in range(_ATTEMPTS):
            turn = self.lake.next_turn("events", QUEUE)
            with self.lake.reader(
                versions={"events": turn.version}, tables=["events"], only={"events": days}
            ) as reader:
                reader.define("arrived", keys.with_row_index("row_index"))
                landing = reader.query(SQL / "landing.sql", params)["landing"]
            is_new = landing == "new"
            new = events if is_new.all() else events.filter(pa.array(is_new))
            try:
                self.lake.append("events", new, turn=turn)
            except ConcurrentWriteError:
                continue
            return _landed(events, landing)
        raise LakeError(f"{_ATTEMPTS} times another writer was first; try again later")


def _days(source: Source, events: pa.Table) -> dict[str, Any]:
    """The parameters $source, $first_day and $last_day of some events."""
    days = pl.DataFrame(events.select(["event_date"]))["event_date"]
    return {"source": source.name, "first_day": days.min(), "last_day": days.max()}


def _updated(events: pa.Table, changes: pl.DataFrame) -> pa.Table:
    """The events with the columns of `changes` in place of theirs where event_id is the same."""
    return pl.DataFrame(events).update(changes, on=["source", "event_id"]).to_arrow()


def _count(file: LogFile, row: dict[str, Any]) -> None:
    """Add what became of a batch's events to the file they came from."""
    file.events += row["events"]
    file.duplicates += row["duplicates"]
    times = [file.first_event_at, file.last_event_at, row["first_event_at"], row["last_event_at"]]
    known = [time for time in times if time is not None]
    file.first_event_at, file.last_event_at = min(known), max(known)


def _landed(events: pa.Table, landing: pl.Series) -> pl.DataFrame:
    """Per file: events that are there through it, events another record had brought, times."""
    return (
        pl.DataFrame(events.select(["source_file", "event_time"]))
        .with_columns(landing=landing)
        .group_by("source_file")
        .agg(
            events=(pl.col("landing") != "duplicate").sum(),
            duplicates=(pl.col("landing") == "duplicate").sum(),
            first_event_at=pl.col("event_time").min(),
            last_event_at=pl.col("event_time").max(),
        )
    )
