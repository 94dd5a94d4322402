"""Files to records to events: the three stages of ingest, each ahead of the next.

Reading (`arrivals`), parsing (`parsing`) and landing (`landing`) go on at the same time in a
thread each; decompressing, SQL and writing leave Python's lock, so every core is busy. A stage
waits for the next one: at most one batch is in each, which bounds memory.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import polars as pl

from pipeline.arrivals import Known, LogFile, arrivals
from pipeline.content import Privacy
from pipeline.files import LOOKBACK_DAYS, Found, find
from pipeline.lake import Lake
from pipeline.landing import Lander
from pipeline.listing import Listed
from pipeline.parsing import Batch, Parser
from pipeline.schemas import LISTINGS
from pipeline.sources import source_named

Progress = Callable[[int, int], None]
"""Told how many of how many files are read."""


@dataclass(frozen=True, kw_only=True)
class Limits:
    """Sizes in bytes: text of records in one commit, the longest record, text kept of a reject."""

    batch_bytes: int = 24 * 1024**2
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


def ingest(
    lake: Lake,
    paths: Iterable[str | Path],
    *,
    now: datetime,
    run_id: str,
    source: str | None = None,
    limits: Limits | None = None,
    network_database: Path | None = None,
    lookback_days: int = LOOKBACK_DAYS,
    privacy: Privacy | None = None,
    progress: Progress | None = None,
) -> Summary:
    """Bring every file that the paths mean into the lake, each event once; returns what was done.

    The source is recognised by each file's content unless it is given.
    """
    given = source_named(source) if source is not None else None
    limits = limits or Limits()
    found = _find(lake, paths, lookback_days)
    lander = Lander(
        lake=lake,
        now=now,
        run_id=run_id,
        reject_text_bytes=limits.reject_text_bytes,
        privacy=privacy or Privacy(),
    )
    coming = arrivals(
        found.files, _known(lake), given=given, max_record_bytes=limits.max_record_bytes
    )
    unchanged = 0
    with _Stages(lander, network_database) as stages:
        batch = Batch()
        for arrival in coming:
            if arrival is None:
                unchanged += 1
            else:
                batch.add(arrival)
            if batch.bytes >= limits.batch_bytes:
                stages.take(batch)
                batch = Batch()
            if progress is not None:
                progress(unchanged + len(lander.done), len(found.files))
        stages.take(batch)
    lake.append_new("listings", _listing_rows(found, now=now, run_id=run_id))
    if progress is not None:
        progress(unchanged + len(lander.done), len(found.files))
    return _summary(lander.done, unchanged=unchanged, left_out=found.left_out)


class _Stages:
    """Parses a batch while the one before it lands. Leaving it waits for the last to land."""

    def __init__(self, lander: Lander, network_database: Path | None) -> None:
        self.lander = lander
        self.landing: Future[None] | None = None
        self.stack = ExitStack()
        self.parser = Parser(
            reader=self.stack.enter_context(lander.lake.reader(tables=())),
            now=lander.now,
            network_database=network_database,
            privacy=lander.privacy,
        )
        self.thread = self.stack.enter_context(ThreadPoolExecutor(1, "landing"))

    def __enter__(self) -> _Stages:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        with self.stack:
            if kind is None:
                self._wait()

    def take(self, batch: Batch) -> None:
        parsed = self.parser.parse(batch)
        self._wait()
        self.landing = self.thread.submit(self.lander.land, parsed)

    def _wait(self) -> None:
        """Until what was taken before has landed; raises what stopped it."""
        if self.landing is not None:
            self.landing.result()


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


def news(
    lake: Lake, paths: Iterable[str | Path], *, lookback_days: int = LOOKBACK_DAYS
) -> tuple[int, int]:
    """How many of the files that the paths mean are new or changed, and how many are not."""
    files = _find(lake, paths, lookback_days).files
    places = _known(lake).places
    unchanged = sum((file.name, file.fingerprint()) in places for file in files)
    return len(files) - unchanged, unchanged


def _find(lake: Lake, paths: Iterable[str | Path], lookback_days: int) -> Found:
    """The files that the paths mean; of a bucket, those since the lake's last listing of it."""
    with lake.reader(tables=["listings"]) as reader:
        names = ["path", "folder", "last_day", "name_form"]
        listed = [Listed(*row) for row in reader.columns("listings", names).iter_rows()]
    return find(paths, apart_from=lake.location, listed=listed, lookback_days=lookback_days)


def _listing_rows(found: Found, *, now: datetime, run_id: str) -> pl.DataFrame:
    told = {"listed_at": now, "run_id": run_id}
    return LISTINGS.frame([vars(listed) | told for listed in found.listed])


def _known(lake: Lake) -> Known:
    with lake.reader(tables=["ingests"]) as reader:
        rows = reader.columns("ingests", ["source_file", "fingerprint", "events", "duplicates"])
    places = frozenset(rows.select("source_file", "fingerprint").rows())
    # Events that a content holds: those its file brought, and those another had brought.
    held = rows.group_by("fingerprint").agg((pl.col("events") + pl.col("duplicates")).max())
    return Known(places, dict(held.rows()))
