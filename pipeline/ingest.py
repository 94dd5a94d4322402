"""Files to records to events: what a file is, what of it is new, what could not be read.

Order of commits for a batch: `events`, then `rejects`, then `ingests`. A file is known only when
all of it is in; a process killed before that reads it again, and finds there what it had landed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa

from pipeline import enrich
from pipeline.arrivals import Arrival, Known, LogFile, arrivals
from pipeline.errors import LakeError
from pipeline.files import find, fingerprint
from pipeline.lake import ConcurrentWriteError, Lake, LakeReader, of_days
from pipeline.records import Broken, Piece
from pipeline.schemas import INGESTS, REJECTS, ROLLUPS
from pipeline.sources import Source, source_named, sources

SQL = Path(__file__).parent / "sql"
QUEUE = "ingest"
_ATTEMPTS = 100

Progress = Callable[[int, int], None]
"""Told how many of how many files are read."""


@dataclass(frozen=True, kw_only=True)
class Limits:
    """Sizes in bytes: text of records in one commit, the longest record, text kept of a reject."""

    batch_bytes: int = 48 * 1024**2
    max_record_bytes: int = 16 * 1024**2
    reject_text_bytes: int = 65_536


@dataclass(frozen=True)
class Summary:
    """What an ingest did: files (new, unchanged, left out), and what was in the new ones."""

    files: int = 0
    unchanged: int = 0
    left_out: int = 0
    records: int = 0
    events: int = 0
    duplicates: int = 0
    rejects: int = 0


@dataclass
class _Batch:
    """Records waiting for their commit, and the files that end with them."""

    pieces: list[tuple[LogFile, Piece]] = field(default_factory=list)
    finished: list[LogFile] = field(default_factory=list)
    bytes: int = 0

    def add(self, arrival: Arrival) -> None:
        if arrival.piece.texts or arrival.piece.broken:
            self.pieces.append((arrival.file, arrival.piece))
            self.bytes += arrival.piece.bytes
        if arrival.last:
            self.finished.append(arrival.file)


def ingest(
    lake: Lake,
    paths: Iterable[str | Path],
    *,
    now: datetime,
    run_id: str,
    source: str | None = None,
    limits: Limits | None = None,
    network_database: Path | None = None,
    progress: Progress | None = None,
) -> Summary:
    """Bring every file that the paths mean into the lake, each event once; returns what was done.

    The source is recognised by each file's content unless it is given.
    """
    given = source_named(source) if source is not None else None
    limits = limits or Limits()
    found = find(paths, apart_from=lake.location)
    landing = Landing(lake, now, run_id, limits, network_database)
    coming = arrivals(
        found.files,
        _known(lake),
        given=given,
        max_record_bytes=limits.max_record_bytes,
    )
    unchanged = 0
    for arrival in coming:
        if arrival is None:
            unchanged += 1
        else:
            landing.take(arrival)
        if progress is not None:
            progress(unchanged + landing.files, len(found.files))
    landing.commit()
    return _summary(landing.done, unchanged=unchanged, left_out=found.left_out)


def _summary(done: list[LogFile], *, unchanged: int, left_out: int) -> Summary:
    return Summary(
        files=len(done),
        unchanged=unchanged,
        left_out=left_out,
        records=sum(file.records for file in done),
        events=sum(file.events for file in done),
        duplicates=sum(file.duplicates for file in done),
        rejects=sum(file.rejects for file in done),
    )


def news(lake: Lake, paths: Iterable[str | Path]) -> tuple[int, int]:
    """How many of the files that the paths mean are new or changed, and how many are not."""
    files = find(paths, apart_from=lake.location).files
    places = _known(lake).places
    unchanged = sum((str(file), fingerprint(file)) in places for file in files)
    return len(files) - unchanged, unchanged


def _known(lake: Lake) -> Known:
    with lake.reader(tables=["ingests"]) as reader:
        rows = reader.columns("ingests", ["source_file", "fingerprint", "events"])
    places = frozenset(rows.select("source_file", "fingerprint").rows())
    return Known(places, dict(rows.group_by("fingerprint").agg(pl.col("events").max()).rows()))


class Landing:
    """Gathers arrivals into batches and commits a batch whenever it is large enough."""

    def __init__(
        self,
        lake: Lake,
        now: datetime,
        run_id: str,
        limits: Limits,
        network_database: Path | None,
    ) -> None:
        self.lake = lake
        self.now = now
        self.run_id = run_id
        self.limits = limits
        self.network_database = network_database
        self.batch = _Batch()
        self.done: list[LogFile] = []

    @property
    def files(self) -> int:
        """How many files are read to their end."""
        return len(self.done) + len(self.batch.finished)

    def take(self, arrival: Arrival) -> None:
        self.batch.add(arrival)
        if self.full:
            self.commit()

    @property
    def full(self) -> bool:
        """Whether the batch is as large as a commit should be."""
        return self.batch.bytes >= self.limits.batch_bytes

    def commit(self) -> None:
        """Land what is in the batch, and write down its rejects and the files that end with it."""
        broken, finished = self.land()
        self.lake.append_new("rejects", self.reject_rows(broken))
        self.lake.append_new("ingests", self._ingest_rows(finished))
        self.done.extend(finished)

    def land(self) -> tuple[list[tuple[LogFile, Broken]], list[LogFile]]:
        """Commit the batch's events; returns what of it is no event, and the files that end with
        it, all its files' counts brought up to date.
        """
        batch, self.batch = self.batch, _Batch()
        broken = [(file, part) for file, piece in batch.pieces for part in piece.broken]
        for name in sorted({file.source for file, _ in batch.pieces if file.source is not None}):
            pieces = [(file, piece) for file, piece in batch.pieces if file.source == name]
            broken.extend(self._land(sources()[name], pieces))
        for file, piece in batch.pieces:
            file.records += len(piece.texts) + len(piece.broken)
        for file, _ in broken:
            file.rejects += 1
        for file in batch.finished:
            if file.same_as is not None:
                file.duplicates = file.same_as.events
        return broken, batch.finished

    def _land(
        self, source: Source, pieces: list[tuple[LogFile, Piece]]
    ) -> list[tuple[LogFile, Broken]]:
        """Commit one source's new events; returns those of its records that are no events."""
        files = {file.path: file for file, _ in pieces}
        records, broken = _records_table(pieces)
        with self.lake.reader(tables=()) as reader:
            reader.define("records", records)
            reader.define("parsed", source.select)
            broken.extend(_problems(reader, files))
            for name, frame in enrich.lookups(reader, database=self.network_database).items():
                reader.define(name, frame)
            events = reader.arrow(enrich.SELECT, {"source": source.name, "ingested_at": self.now})
        if source.own_agent is not None and events.num_rows:
            events = self._with_agents(source, events)
        for row in self._append(source, events).iter_rows(named=True):
            _count(files[row["source_file"]], row)
        return broken

    def _with_agents(self, source: Source, events: pa.Table) -> pa.Table:
        """The events with the agents that their traces' spans name, here or in the lake.

        Events that landed before their agent was known are put right; their days' roll-ups are
        taken back first, so that these are made again.
        """
        params = {"own_agent": source.own_agent, **_days(source, events)}
        with self.lake.reader(tables=["events"]) as reader:
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
        params = _days(source, events)
        keys = pl.DataFrame(events.select(["event_id", "source_file", "record_index"]))
        for _ in range(_ATTEMPTS):
            turn = self.lake.next_turn("events", QUEUE)
            with self.lake.reader(versions={"events": turn.version}, tables=["events"]) as reader:
                reader.define("arrived", keys.with_row_index("row_index"))
                landing = reader.query(SQL / "landing.sql", params)["landing"]
            new = events.filter(pa.array(landing == "new", pa.bool_()))
            try:
                self.lake.append("events", new, turn=turn)
            except ConcurrentWriteError:
                continue
            return _landed(events, landing)
        raise LakeError(f"{_ATTEMPTS} times another writer was first; try again later")

    def reject_rows(self, broken: list[tuple[LogFile, Broken]]) -> pl.DataFrame:
        """The rows of `rejects`."""
        most = self.limits.reject_text_bytes
        rows = [
            {
                "source_file": file.path,
                "fingerprint": file.fingerprint,
                "record_index": part.index,
                "source": file.source,
                "reason": part.reason,
                "text": part.text[:most].decode("utf-8", "backslashreplace"),
                "text_bytes": len(part.text),
                "rejected_at": self.now,
            }
            for file, part in broken
        ]
        return REJECTS.frame(rows)

    def _ingest_rows(self, files: list[LogFile]) -> pl.DataFrame:
        told = {"ingested_at": self.now, "run_id": self.run_id}
        rows = [{"source_file": file.path, **counts_of(file), **told} for file in files]
        return INGESTS.frame(rows)


def _days(source: Source, events: pa.Table) -> dict[str, Any]:
    """The parameters $source, $first_day and $last_day of some events."""
    days = pl.DataFrame(events.select(["event_date"]))["event_date"]
    return {"source": source.name, "first_day": days.min(), "last_day": days.max()}


def _updated(events: pa.Table, changes: pl.DataFrame) -> pa.Table:
    """The events with the columns of `changes` in place of theirs where event_id is the same."""
    return pl.DataFrame(events).update(changes, on=["source", "event_id"]).to_arrow()


def counts_of(file: LogFile) -> dict[str, Any]:
    """What is known of a file's content, as `ingests` has it."""
    return {name: value for name, value in vars(file).items() if name not in {"path", "same_as"}}


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


def _records_table(
    pieces: list[tuple[LogFile, Piece]],
) -> tuple[pa.Table, list[tuple[LogFile, Broken]]]:
    """The pieces as the relation `records`, and those records that are not UTF-8 text."""
    broken: list[tuple[LogFile, Broken]] = []
    tables = []
    for file, piece in pieces:
        try:
            tables.append(_piece_table(file, piece))
        except pa.ArrowInvalid:
            whole, bad = _utf8(piece)
            broken.extend((file, part) for part in bad)
            tables.append(_piece_table(file, whole))
    return pa.concat_tables(tables), broken


def _piece_table(file: LogFile, piece: Piece) -> pa.Table:
    text = pa.array(piece.texts, pa.binary()).cast(pa.string())
    path = pa.repeat(pa.scalar(file.path, pa.string()), len(text))
    columns = [path, pa.array(piece.indexes, pa.int64()), text]
    return pa.table(columns, names=["source_file", "record_index", "raw"])


def _utf8(piece: Piece) -> tuple[Piece, list[Broken]]:
    """A piece without the records that are not UTF-8, and those."""
    whole, bad = Piece(), []
    for index, text in zip(piece.indexes, piece.texts, strict=True):
        try:
            text.decode()
        except UnicodeDecodeError as error:
            bad.append(Broken(index, f"expected UTF-8 text, got {error.reason}", text))
        else:
            whole.indexes.append(index)
            whole.texts.append(text)
    return whole, bad


def _problems(reader: LakeReader, files: dict[str, LogFile]) -> list[tuple[LogFile, Broken]]:
    """The records of which the source's SELECT says what is wrong with them."""
    rows = reader.query(SQL / "problems.sql").iter_rows(named=True)
    return [
        (
            files[row["source_file"]],
            Broken(row["record_index"], row["problem"], (row["raw"] or "").encode()),
        )
        for row in rows
    ]
