"""The accounts of files in `ingests`: a row a file; that of a log that grew goes on.

Before anything of a file lands it is in `begun`: so what a killed ingest has landed is accounted
for even if its file is given another name before it is read again, or holds something else by then:
then the account is of what had landed, and gives way to that of who has read it all.

A log is booked only by who read on from where its row says it is read to: of two that did so at
the same time, or one that was killed and began anew, its records are counted once.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl

from pipeline.arrivals import LogFile
from pipeline.errors import LakeError
from pipeline.growth import LOST
from pipeline.lake import ConcurrentWriteError, Lake
from pipeline.schemas import BEGUN, INGESTS

SQL = Path(__file__).parent / "sql"
QUEUE = "book"
_ATTEMPTS = 100
_SPANS = {
    "source_file": pl.String,
    "fingerprint": pl.String,
    "read_from": pl.String,
    "first_index": pl.Int64,
    "next_index": pl.Int64,
}
_ENDS = {"source_file": pl.String, "fingerprint": pl.String, "end": pl.Int64}
_NOT_BOOKED = ("path", "same_as", "before", "mark", "begins", "begun", "outgrown")


def begin(lake: Lake, files: Iterable[LogFile], *, now: datetime, run_id: str) -> None:
    """Write down new files before anything of them lands."""
    told = {"begun_at": now, "run_id": run_id}
    rows = [
        {
            "source_file": file.path,
            "fingerprint": file.fingerprint,
            "bytes": file.bytes,
            "source": file.source,
            "read_to": file.begins.read_to if file.begins else None,
            "edges": file.begins.edges if file.begins else None,
            **told,
        }
        for file in files
    ]
    lake.append("begun", BEGUN.frame(rows))


def forget(lake: Lake, files: Sequence[LogFile]) -> None:
    """Take files out of `begun` that will have no account."""
    _forget(lake, [(file.path, file.fingerprint) for file in files])


def _forget(lake: Lake, keys: Sequence[tuple[str, str]]) -> None:
    if keys:
        gone = pl.DataFrame(keys, schema=INGESTS.key, orient="row")
        with lake.reader(tables=["begun"]) as reader:
            begun = reader.columns("begun", list(BEGUN.key))
        lake.remove("begun", begun.join(gone, on=INGESTS.key, how="semi"))


def forget_begun(lake: Lake) -> None:
    """Take out of `begun` what is booked by now."""
    with lake.reader(tables=["begun", "ingests"]) as reader:
        lake.remove("begun", reader.query(SQL / "booked.sql"))


def book(lake: Lake, files: Sequence[LogFile], *, now: datetime, run_id: str) -> None:
    """Write down files that are wholly in, and how much more of logs is in."""
    _forget_outgrown(lake, files)
    told = {"ingested_at": now, "run_id": run_id}
    new = INGESTS.frame([row_of(file) | told for file in files if file.before is None])
    if lake.append_new("ingests", new) < new.height:
        _replace_lost(lake, new)
    grown = [file for file in files if file.before is not None]
    if grown:
        readings = INGESTS.frame([row_of(file) | told for file in grown])
        read_from = pl.Series([_edges_before(file) for file in grown])
        _add(lake, readings.with_columns(read_from=read_from))


def row_of(file: LogFile) -> dict[str, Any]:
    """What `ingests` says of a file and of what was read of it now."""
    told = {name: value for name, value in vars(file).items() if name not in _NOT_BOOKED}
    return {"source_file": file.path, **told, **(vars(file.mark) if file.mark else {})}


def take_back(
    lake: Lake,
    read: Iterable[tuple[LogFile, int]],
    finished: Sequence[LogFile],
    rejects: pl.DataFrame,
) -> None:
    """Take out of `rejects` what is there of the records that were `read` now, each file from an
    index on, and of what is after the end of `finished` files, if it is not among the new `rejects`
    as well. It is of when a log ended before that, of an ingest that was killed, or, of a file that
    holds what another does, in that one's rejects. And all of what a file has outgrown. What
    another process has booked since a log was read stays as that told it.
    """
    spans: list[tuple[str, str, str | None, int, int | None]] = [
        (file.path, file.fingerprint, _edges_before(file), first, file.next_index)
        for file, first in read
    ]
    spans += [
        (file.path, file.fingerprint, _edges_before(file), file.next_index, None)
        for file in finished
    ]
    spans += [(file.path, print_, None, 0, None) for file in finished for print_ in file.outgrown]
    if not spans:
        return
    with lake.reader(tables=["rejects", "ingests"]) as reader:
        reader.define("spans", pl.DataFrame(spans, schema=_SPANS, orient="row").unique())
        reader.define("told", rejects)
        lake.remove("rejects", reader.query(SQL / "taken_back.sql"))


def _forget_outgrown(lake: Lake, files: Sequence[LogFile]) -> None:
    """Take out of `ingests` what files were before they grew, and out of `begun`. One that is only
    begun stays there until the file is booked, for its events are the file's.
    """
    outgrown = [(file.path, print_) for file in files for print_ in file.outgrown]
    if outgrown:
        keys = pl.DataFrame(outgrown, schema=INGESTS.key, orient="row")
        with lake.reader(tables=["ingests"]) as reader:
            there = reader.there_of("ingests", keys)
        lake.remove("ingests", there)
        _forget(lake, there.rows())


def _replace_lost(lake: Lake, rows: pl.DataFrame) -> None:
    """Put these accounts in place of those of what was lost."""
    of_lost = rows.select(INGESTS.key).with_columns(edges=pl.lit(LOST.edges))
    with lake.reader(tables=["ingests"]) as reader:
        lost = reader.there_of("ingests", of_lost)
    lake.merge("ingests", rows.join(lost, on=INGESTS.key, how="semi"))


def take_back_overtaken(lake: Lake, files: Sequence[LogFile], rejects: pl.DataFrame) -> None:
    """Take out of `rejects` those of these that tell what a log ended in, when another process has
    booked more of it meanwhile.
    """
    ends = [
        (file.path, file.fingerprint, file.mark.next_record)
        for file in files
        if file.mark is not None
    ]
    last = pl.DataFrame(ends, schema=_ENDS, orient="row")
    told = rejects.join(last, on=INGESTS.key).filter(pl.col("record_index") >= pl.col("end"))
    if told.is_empty():
        return
    with lake.reader(tables=["rejects", "ingests"]) as reader:
        reader.define("told", told)
        lake.remove("rejects", reader.query(SQL / "overtaken.sql"))


def _edges_before(file: LogFile) -> str | None:
    """The edges of a log when it was read, as `ingests` had them."""
    return file.before.mark.edges if file.before is not None else None


def _add(lake: Lake, readings: pl.DataFrame) -> None:
    for _ in range(_ATTEMPTS):
        turn = lake.next_turn("ingests", QUEUE)
        with lake.reader(versions={"ingests": turn.version}, tables=["ingests"]) as reader:
            reader.define("readings", readings)
            rows = reader.query(SQL / "read_on.sql")
        try:
            lake.merge("ingests", rows, turn=turn)
        except ConcurrentWriteError:
            continue
        return
    raise LakeError(f"{_ATTEMPTS} times another writer was first; try again later")
