"""Rejects again: listed, shown, exported to be fixed, and replayed by a version that reads them.

A record is replayed from its kept text, if that is whole; otherwise from its file, if that is still
there with the content it had. A file that was rejected as a whole is read again as a whole. What
becomes an event keeps its file and its record's index and is no reject any more; what fails again
stays, with today's reason, or, if it was taken for another source in vain, as it was.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import partial
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa

from pipeline.arrivals import Arrival, LogFile, records_of
from pipeline.batches import Gathering
from pipeline.booking import settle
from pipeline.content import Privacy
from pipeline.errors import InputError, LakeError, NotFoundError
from pipeline.files import LogObject
from pipeline.ingest import Limits
from pipeline.known import Known, known_files
from pipeline.lake import Lake
from pipeline.landing import Lander
from pipeline.parsing import Completer, Parser, parser_within
from pipeline.reader import LakeReader
from pipeline.records import Piece
from pipeline.schemas import REJECTS
from pipeline.sources import Source, containers, source_named, sources

SQL = Path(__file__).parent / "sql"
_ATTEMPTS = 100
_MANY = 10**9
_FILE = ["source_file", "fingerprint"]


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
    settle(lake)
    with lake.reader(tables=["rejects"]) as reader:
        rejects = listed(reader, asked, taken_for=taken_for)
    short = pl.col("text_bytes") <= limits.max_record_bytes
    tried = 0
    with (
        known_files(lake, rejects["source_file"].unique()) as known,
        lake.reader(tables=()) as reader,
        parser_within(lake) as parser,
    ):
        # What a log ended in is read again by an ingest.
        in_reach = (
            rejects.join(known.booked, on=_FILE, how="inner", maintain_order="left")
            .filter(pl.col("record_index") < pl.col("next_record").fill_null(2**62))
            .with_columns(whole=pl.col("whole") & short)
        )
        privacy = privacy or Privacy()
        completer = Completer(
            reader=reader, now=now, network_database=network_database, privacy=privacy
        )
        lands = partial(
            Lander,
            lake=lake,
            now=now,
            run_id=run_id,
            reject_text_bytes=limits.reject_text_bytes,
            privacy=privacy,
            batches_in_commit=_MANY,
        )
        work = _Replay(lake, lands, parser, completer, limits, given)
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
            file = known.file(path, content, containers())
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
    """Tries batches of rejects again, and counts what came of them. What a batch brings lands in
    one commit by one of those who `land`.
    """

    def __init__(
        self,
        lake: Lake,
        lands: Callable[..., Lander],
        parser: Parser,
        completer: Completer,
        limits: Limits,
        given: Source | None,
    ) -> None:
        self.lake = lake
        self.lands = lands
        self.parser = parser
        self.completer = completer
        self.limits = limits
        self.given = given
        self.events = self.duplicates = self.left = 0

    def do(self, batch: _Rejects) -> None:
        """Land what the batch brings. If another process was first with one of its files, this one
        looks again at what is left.
        """
        for _ in range(_ATTEMPTS):
            lander = self.lands(since=settle(self.lake))
            before = self._now(batch.rejects)
            if before.is_empty():
                return
            try:
                left = (
                    self._from_file(before, batch.file, lander)
                    if batch.file is not None
                    else self._from_texts(before, lander)
                )
            finally:
                lander.discard()
            if not lander.overtaken:
                self.events += sum(file.events for file in lander.done)
                self.duplicates += sum(file.duplicates for file in lander.done)
                self.left += left
                return
        raise LakeError("another process was always first; try again later")

    def _from_texts(self, rejects: pl.DataFrame, lander: Lander) -> int:
        """Land what the kept texts bring; returns how many rejects are left."""
        gathering, reasons = Gathering(), {}
        for rows in rejects.partition_by(_FILE, maintain_order=True):
            once = rows.unique("record_index", keep="first", maintain_order=True)
            path, content = once.select(_FILE).row(0)
            file = LogFile(path, content, bytes=0, source=self._source(rows), replays=rows)
            reasons[file] = _told_of_others(rows, file.source)
            texts = pa.array(once["text"].to_list(), pa.string())
            gathering.add(Arrival(file, Piece(once["record_index"].to_list(), texts), last=True))
        return self._land(gathering, lander, reasons, commit=True)

    def _from_file(self, rejects: pl.DataFrame, there: LogObject, lander: Lander) -> int:
        """Land what the file brings; returns how many rejects are left."""
        path, content = rejects.select(_FILE).row(0)
        wanted = rejects["record_index"].to_numpy()
        is_whole_file = -1 in wanted
        file = LogFile(path, content, there.size, source=self._source(rejects))
        file.replays = None if is_whole_file else rejects
        reasons = {file: _told_of_others(rejects, file.source)}
        left = 0
        gathering = Gathering()
        for arrival in records_of(there, file, self.given, self.limits.max_record_bytes):
            piece = arrival.piece if is_whole_file else arrival.piece.only(wanted)
            gathering.add(replace(arrival, piece=piece))
            if gathering.bytes >= self.limits.batch_bytes:
                left += self._land(gathering, lander, reasons)
        return left + self._land(gathering, lander, reasons, commit=True)

    def _source(self, rejects: pl.DataFrame) -> str | None:
        """What the rejects of a file are taken for; None if that is to be found out."""
        source: str | None = rejects["source"][0]
        return self.given.name if self.given is not None else source

    def _land(
        self,
        gathering: Gathering,
        lander: Lander,
        reasons: Mapping[LogFile, Mapping[int, str]],
        *,
        commit: bool = False,
    ) -> int:
        """Land what was gathered; what is rejected again keeps the reason that it has here. Returns
        how many rejects are left.
        """
        parsed = self.parser.parse(gathering.joined())
        broken = [
            (file, replace(part, reason=reasons[file].get(part.index, part.reason)))
            for file, part in parsed.broken
        ]
        lander.land(self.completer.complete(replace(parsed, broken=broken)), commit=commit)
        return len(broken)

    def _now(self, rejects: pl.DataFrame) -> pl.DataFrame:
        """The rejects as they are now."""
        with self.lake.reader(tables=["rejects"]) as reader:
            reader.define("asked", rejects.select(REJECTS.key))
            return reader.query(SQL / "rejects_of.sql")


def _told_of_others(rejects: pl.DataFrame, source: str | None) -> dict[int, str]:
    """The reason of each record that was rejected as of another source than it is taken for now."""
    others = rejects.filter(pl.col("source") != pl.lit(source, pl.String))
    return dict(others.select("record_index", "reason").iter_rows())
