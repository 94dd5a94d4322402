"""Rejects again: listed, shown, exported to be fixed, and replayed by a version that reads them.

A record is replayed from its kept text, if that is whole; otherwise from its file, if that is still
there with the content it had. A file that was rejected as a whole is read again as a whole. What
becomes an event keeps its file and its record's index and is no reject any more; what fails again
stays, with today's reason.

Order of commits for a batch: `events`, then the file's account in `ingests`, then `rejects`. Killed
before the account, the next replay finds the events landed and counts them; killed after it, that
tells which rejects are none any more, and the next replay takes them away.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa

from pipeline.arrivals import Arrival, LogFile, records_of
from pipeline.batches import Batch, Gathering
from pipeline.booking import row_of
from pipeline.content import Privacy
from pipeline.errors import InputError, LakeError, NotFoundError
from pipeline.files import LogObject
from pipeline.ingest import Limits
from pipeline.known import Known, known_files
from pipeline.lake import ConcurrentWriteError, Lake, Turn
from pipeline.landing import Lander
from pipeline.parsing import Completer, Parser
from pipeline.reader import LakeReader
from pipeline.records import Piece
from pipeline.schemas import INGESTS, REJECTS
from pipeline.sources import Source, source_named, sources

SQL = Path(__file__).parent / "sql"
QUEUE = "replay"
_ATTEMPTS = 100
_FILE = ["source_file", "fingerprint"]
_RECORD = [*_FILE, "record_index"]


@dataclass(frozen=True, kw_only=True)
class Asked:
    """Which rejects: those that fit all that is not None. Texts are looked for inside theirs;
    an id may be shortened.
    """

    reject_id: str | None = None
    source: str | None = None
    reason: str | None = None
    file: str | None = None
    since: date | None = None


@dataclass(frozen=True, kw_only=True)
class Replayed:
    """What a replay did: rejects that were tried again, what those brought, rejects that are left
    of them, and those that could not be tried (text cut, file gone or changed, or not wholly in).
    """

    tried: int = 0
    events: int = 0
    duplicates: int = 0
    rejects: int = 0
    untried: int = 0


def listed(
    reader: LakeReader,
    asked: Asked,
    *,
    limit: int | None = None,
    texts: bool = False,
    taken_for: str | None = None,
) -> pl.DataFrame:
    """The rejects asked for, newest first, as `rejects.sql` says."""
    params = {
        **vars(asked),
        "as": taken_for,
        "sources": list(sources()),
        "texts": texts,
        "limit": limit,
    }
    return reader.query(SQL / "rejects.sql", params)


def shown(reader: LakeReader, reject_id: str) -> dict[str, Any]:
    """One reject with its text; its id may be shortened while it stays the only one."""
    rows = listed(reader, Asked(reject_id=reject_id), limit=2, texts=True)
    if rows.height != 1:
        found = "none" if rows.height == 0 else "more than one"
        raise NotFoundError(f"expected the id of one reject (nhiwatch rejects), got {found}")
    return rows.row(0, named=True)


def export(reader: LakeReader, asked: Asked, file: Path) -> tuple[int, int]:
    """Write the kept texts to a file, a line each, to be fixed there and ingested as any file;
    returns how many were written, and how many were left out because they are not kept whole.
    """
    rows = listed(reader, asked, texts=True)
    kept = rows.filter(
        pl.col("record_index") >= 0, pl.col("text").str.len_bytes() == pl.col("text_bytes")
    )
    # A line break is white space in JSON, and never part of its strings.
    lines = kept["text"].str.replace_all(r"[\r\n]+", " ")
    try:
        file.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    except OSError as error:
        raise InputError(f"cannot write {file}: {error.strerror}") from error
    return kept.height, rows.height - kept.height


def replay(
    lake: Lake,
    asked: Asked,
    *,
    now: datetime,
    run_id: str,
    limits: Limits | None = None,
    taken_for: str | None = None,
    network_database: Path | None = None,
    privacy: Privacy | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Replayed:
    """Try the rejects asked for again, as of the source `taken_for` if that is given; returns what
    was done. `progress` is told rejects done and rejects in all.
    """
    given = source_named(taken_for) if taken_for is not None else None
    limits = limits or Limits()
    lander = Lander(
        lake=lake,
        now=now,
        run_id=run_id,
        reject_text_bytes=limits.reject_text_bytes,
        privacy=privacy or Privacy(),
    )
    with lake.reader(tables=["rejects"]) as reader:
        rejects = listed(reader, asked, taken_for=taken_for)
    short = pl.col("text_bytes") <= limits.max_record_bytes
    tried = 0
    with (
        known_files(lake, rejects["source_file"].unique()) as known,
        lake.reader(tables=()) as reader,
    ):
        # A file that is not booked, and what a log ended in, is read again by an ingest.
        in_reach = (
            rejects.join(known.booked, on=_FILE, how="inner", maintain_order="left")
            .filter(pl.col("record_index") < pl.col("next_record").fill_null(2**62))
            .with_columns(whole=pl.col("whole") & short)
        )
        completer = Completer(
            reader=reader, now=now, network_database=network_database, privacy=lander.privacy
        )
        work = _Replay(lander, Parser(reader), completer, limits, given)
        for batch in _batches(in_reach, known, most_bytes=limits.batch_bytes):
            work.do(batch)
            tried += batch.rejects.height
            if progress is not None:
                progress(tried, rejects.height)
    return Replayed(
        tried=tried,
        events=work.events,
        duplicates=work.duplicates,
        rejects=work.left,
        untried=rejects.height - tried,
    )


@dataclass(frozen=True)
class _Rejects:
    """Rejects to be tried together: those of one `file` that is read again, or texts."""

    rejects: pl.DataFrame
    file: LogObject | None = None


@dataclass(frozen=True)
class _Outcome:
    """What came of a batch: the rejects that were there, those that are now, and the files; whether
    it is one that was read again as a whole.
    """

    before: pl.DataFrame
    after: pl.DataFrame
    files: list[LogFile]
    is_whole_file: bool = False

    @property
    def gone(self) -> pl.DataFrame:
        """Rejects that are none any more, or of another reason."""
        return self.before.join(self.after, on=list(REJECTS.key), how="anti")

    @property
    def resolved(self) -> pl.DataFrame:
        """Records that were rejected and are not any more."""
        return self.before.select(_RECORD).unique().join(self.after, on=_RECORD, how="anti")


def _batches(rejects: pl.DataFrame, known: Known, *, most_bytes: int) -> Iterator[_Rejects]:
    """The rejects that can be tried; a file's stay together, so that it is booked once, and apart
    from those of another that had its name.
    """
    waiting: dict[str, pl.DataFrame] = {}
    size = 0
    for part in rejects.partition_by(_FILE, maintain_order=True):
        path, content = part.select(_FILE).row(0)
        whole, bytes_ = part.filter("whole"), int(part["text_bytes"].sum())
        file = None
        if whole.height < part.height or bytes_ > most_bytes:
            file = known.file(path, content)
        if file is not None:
            yield _Rejects(part, file)
        elif whole.height:
            if path in waiting or (waiting and size + bytes_ > most_bytes):
                yield _Rejects(pl.concat(waiting.values()))
                waiting, size = {}, 0
            waiting[path] = whole
            size += bytes_
    if waiting:
        yield _Rejects(pl.concat(waiting.values()))


class _Replay:
    """Tries batches of rejects again, and counts what came of them."""

    def __init__(
        self,
        lander: Lander,
        parser: Parser,
        completer: Completer,
        limits: Limits,
        given: Source | None,
    ) -> None:
        self.lander = lander
        self.lake = lander.lake
        self.parser = parser
        self.completer = completer
        self.limits = limits
        self.given = given
        self.events = self.duplicates = self.left = 0

    def do(self, batch: _Rejects) -> None:
        """Land what the batch brings, book it, and put its rejects right.

        If another replay books at the same time, this one looks again at what is left.
        """
        for _ in range(_ATTEMPTS):
            turn = self.lake.next_turn("ingests", QUEUE)
            self._take_away_resolved(batch.rejects)
            outcome = (
                self._from_file(batch.rejects, batch.file)
                if batch.file is not None
                else self._from_texts(batch.rejects)
            )
            if outcome.before.is_empty():
                return
            if self._book(outcome, turn):
                self.lake.append_new("rejects", outcome.after)
                self.lake.remove("rejects", outcome.gone)
                self.left += outcome.after.height
                return
        raise LakeError("another replay was always first; try again later")

    def _take_away_resolved(self, rejects: pl.DataFrame) -> None:
        """Take away what other replays have written into the accounts of these rejects' files."""
        with self.lake.reader(tables=["rejects", "ingests"]) as reader:
            reader.define("asked", rejects.select(_FILE))
            resolved = reader.query(SQL / "resolved.sql")
        self.lake.remove("rejects", resolved)

    def _from_texts(self, rejects: pl.DataFrame) -> _Outcome:
        before = self._now(rejects)
        gathering, files = Gathering(), []
        for rows in before.partition_by(_FILE, maintain_order=True):
            once = rows.unique("record_index", keep="first", maintain_order=True)
            path, content = once.select(_FILE).row(0)
            file = LogFile(path, content, bytes=0, source=self._source(rows), begun=True)
            texts = pa.array(once["text"].to_list(), pa.string())
            gathering.add(Arrival(file, Piece(once["record_index"].to_list(), texts)))
            files.append(file)
        return _Outcome(before, self._landed(gathering.joined()), files)

    def _from_file(self, rejects: pl.DataFrame, there: LogObject) -> _Outcome:
        before = self._now(rejects)
        if before.is_empty():
            return _Outcome(before, before, [])
        path, content = before.select(_FILE).row(0)
        file = LogFile(path, content, there.size, source=self._source(before), begun=True)
        wanted = before["record_index"].to_numpy()
        is_whole_file = -1 in wanted
        after = [REJECTS.frame([])]
        gathering = Gathering()
        for arrival in records_of(there, file, self.given, self.limits.max_record_bytes):
            piece = arrival.piece if is_whole_file else arrival.piece.only(wanted)
            gathering.add(replace(arrival, piece=piece))
            if gathering.bytes >= self.limits.batch_bytes or arrival.last:
                after.append(self._landed(gathering.joined()))
        return _Outcome(before, pl.concat(after), [file], is_whole_file)

    def _source(self, rejects: pl.DataFrame) -> str | None:
        """What the rejects of a file are taken for; None if that is to be found out."""
        source: str | None = rejects["source"][0]
        return self.given.name if self.given is not None else source

    def _landed(self, batch: Batch) -> pl.DataFrame:
        """Land what of the batch is events; returns the rest as rejects."""
        parsed = self.parser.parse(batch)
        self.lander.land_events(self.completer.complete(parsed))
        return self.lander.reject_rows(parsed.broken)

    def _now(self, rejects: pl.DataFrame) -> pl.DataFrame:
        """The rejects as they are now."""
        with self.lake.reader(tables=["rejects"]) as reader:
            reader.define("asked", rejects.select(REJECTS.key))
            return reader.query(SQL / "rejects_of.sql")

    def _book(self, outcome: _Outcome, taken: Turn) -> bool:
        """Bring the counts in `ingests` up to date; False if another replay took the turn, or an
        ingest has brought in the file that was read as a whole.
        """
        for _ in range(_ATTEMPTS):
            turn = self.lake.next_turn("ingests", QUEUE)
            if turn.number != taken.number:
                return False
            tables = ["ingests", "rejects", "events"]
            with self.lake.reader(versions={"ingests": turn.version}, tables=tables) as reader:
                reader.define("tried", _duplicates(outcome.files))
                reader.define("resolved", outcome.resolved)
                booked = reader.query(SQL / "replayed.sql", {"now": self.lander.now})
                before = reader.query(SQL / "counted.sql")
            if outcome.is_whole_file:
                of_it = before.join(booked, on=_FILE, how="semi")
                if of_it.filter(pl.col("events") + pl.col("duplicates") > 0).height:
                    return False
                booked = _counted(outcome.files[0], booked)
            try:
                self.lake.merge("ingests", booked, turn=turn)
            except ConcurrentWriteError:
                continue
            more = booked.join(before, on=_FILE, suffix="_before")
            self.events += int((more["events"] - more["events_before"]).sum())
            self.duplicates += int((more["duplicates"] - more["duplicates_before"]).sum())
            return True
        raise LakeError("another writer was always first; try again later")


def _duplicates(files: list[LogFile]) -> pl.DataFrame:
    """A row for each file: how many of the events it brought now another record had brought."""
    return pl.DataFrame(
        {
            "source_file": [file.path for file in files],
            "fingerprint": [file.fingerprint for file in files],
            "duplicates": [file.duplicates for file in files],
        }
    )


def _counted(file: LogFile, booked: pl.DataFrame) -> pl.DataFrame:
    """What `ingests` has to say of a file that was read again as a whole, with what `booked` tells
    of the replay.
    """
    row = INGESTS.frame([row_of(file)]).drop("ingested_at", "run_id", "replayed_at", "resolved")
    return row.join(booked.select(*_FILE, "replayed_at", "resolved"), on=_FILE)
