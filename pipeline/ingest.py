"""Files to records to events: the three stages of ingest, each ahead of the next.

Reading (`arrivals`), parsing (`parsing`) and landing (`landing`) go on at the same time in a
thread each; decompressing, SQL and writing leave Python's lock, so every core is busy. A stage
waits for the next one: at most one batch is in each, which bounds memory.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, closing
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl

from pipeline import enrich
from pipeline.arrivals import LogFile, Passed, Patience, arrivals
from pipeline.batches import Batch, Gathering
from pipeline.booking import settle
from pipeline.buckets import BucketUrl, located
from pipeline.content import Privacy
from pipeline.files import LocalFile, LogObject
from pipeline.growth import opened
from pipeline.known import Known, Unchanged, known_files, seen
from pipeline.lake import Lake
from pipeline.landing import Lander
from pipeline.listing import Listed
from pipeline.parsing import Completer, ParsedBatch, parser_within
from pipeline.paths import LOOKBACK_DAYS, Found, find
from pipeline.schemas import LISTINGS
from pipeline.sources import containers, source_named

Progress = Callable[[int, int], None]
"""Told how many of how many files are read."""


_AT_REST = 770 * 10**6
_PER_BYTE = 9
"""What an ingest takes before it reads anything, and for each byte of a batch: of the batches that
are read, parsed and landed at the same time there are texts, columns and compressed files.
"""

_ATTEMPTS = 100
_SMALLEST, _LARGEST = 8 << 20, 64 << 20
"""Smaller batches take no less memory, larger ones no less time."""


def batch_within(memory: int) -> int:
    """The text of records, in bytes, that one batch may hold where so many bytes are allowed
    (measured: tests/benchmarks/memory.py).
    """
    return min(max((memory - _AT_REST) // _PER_BYTE, _SMALLEST), _LARGEST)


@dataclass(frozen=True, kw_only=True)
class Limits:
    """Sizes in bytes: text of records that are parsed together, the longest record, text kept of a
    reject. Of so many batches a commit is made.
    """

    batch_bytes: int = batch_within(1 << 30)
    batches_in_commit: int = 12
    max_record_bytes: int = 16 * 1024**2
    reject_text_bytes: int = 65_536


@dataclass(frozen=True)
class Summary:
    """What an ingest did: files (new or grown, unchanged, still being written, left out), and what
    was in them that is new.
    """

    files: int = 0
    unchanged: int = 0
    unfinished: int = 0
    left_out: int = 0
    records: int = 0
    events: int = 0
    duplicates: int = 0
    rejects: int = 0


@dataclass(frozen=True)
class Brought:
    """What an ingest did; the files that it left alone; whether it came to its end."""

    summary: Summary
    left: tuple[Passed, ...] = ()
    ended: bool = True


@dataclass(frozen=True, kw_only=True)
class Way:
    """How files are brought into a lake, whatever they are."""

    lake: Lake
    run_id: str
    source: str | None = None
    limits: Limits = field(default_factory=Limits)
    network_database: Path | None = None
    privacy: Privacy = field(default_factory=Privacy)


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
    way = Way(
        lake=lake,
        run_id=run_id,
        source=source,
        limits=limits or Limits(),
        network_database=network_database,
        privacy=privacy or Privacy(),
    )
    found = find_logs(lake, paths, lookback_days=lookback_days)
    return bring(way, found, now=now, progress=progress).summary


def bring(
    way: Way,
    found: Found,
    *,
    now: datetime,
    patience: Patience | None = None,
    stopped: Callable[[], bool] = lambda: False,
    progress: Progress | None = None,
) -> Brought:
    """Bring the files that were found into the lake, those still being written with `patience`.

    Once it is `stopped` it reads no further and lands what it has.
    """
    done: list[LogFile] = []
    landed: list[LogFile] = []
    passed: list[Passed] = []
    wanted: Sequence[LogObject] = found.files
    ended = True
    for _ in range(_ATTEMPTS):
        tried = _Pass(way, wanted, now=now, patience=patience, stopped=stopped, progress=progress)
        tried.go()
        done += tried.lander.done
        landed += tried.lander.landed
        passed += tried.passed
        ended = tried.ended
        wanted = tried.again
        if not wanted or not ended:
            break
    passed += [Passed(file.name, left=True, until=now) for file in wanted]
    left = tuple(file for file in passed if file.left)
    if ended:
        listings = _listing_rows(found, now=now, run_id=way.run_id)
        way.lake.append_new("listings", listings)
    if progress is not None:
        progress(len(found.files), len(found.files))
    summary = Summary(
        files=len(done),
        unchanged=len(passed) - len(left),
        unfinished=len(left) + (0 if ended else len(landed) - len(done)),
        left_out=found.left_out,
        records=sum(file.records for file in landed),
        events=sum(file.events for file in landed),
        duplicates=sum(file.duplicates for file in landed),
        rejects=sum(file.rejects for file in landed),
    )
    return Brought(summary, left, ended)


class _Pass:
    """Goes through files once. For going through `again` are those with which another process was
    first, unless it is still at work on them, and other names of a log that was read on.
    """

    def __init__(
        self,
        way: Way,
        files: Sequence[LogObject],
        *,
        now: datetime,
        patience: Patience | None,
        stopped: Callable[[], bool],
        progress: Progress | None,
    ) -> None:
        self.way, self.files, self.now = way, files, now
        self.patience, self.stopped, self.progress = patience, stopped, progress
        self.lander = Lander(
            lake=way.lake,
            now=now,
            run_id=way.run_id,
            since=settle(way.lake),
            reject_text_bytes=way.limits.reject_text_bytes,
            privacy=way.privacy,
            batches_in_commit=way.limits.batches_in_commit,
        )
        self.passed: list[Passed] = []
        self.waiting: list[LogObject] = []
        self.ended = True

    def go(self) -> None:
        """Go through them."""
        limits = self.way.limits
        given = source_named(self.way.source) if self.way.source is not None else None
        with (
            known_files(self.way.lake, [file.name for file in self.files]) as known,
            _Stages(self.lander, self.way.network_database) as stages,
            closing(
                arrivals(
                    self.files,
                    known,
                    given=given,
                    max_record_bytes=limits.max_record_bytes,
                    patience=self.patience,
                )
            ) as coming,
        ):
            gathering = Gathering()
            for arrival in coming:
                if isinstance(arrival, Passed):
                    self._pass(arrival)
                else:
                    if arrival.apart:
                        stages.take(gathering.joined(), commit=True)
                    gathering.add(arrival)
                if gathering.bytes >= limits.batch_bytes:
                    stages.take(gathering.joined())
                if self.progress is not None:
                    done = len(self.passed) + len(self.waiting) + stages.read
                    done = min(done, len(self.files))
                    self.progress(done, len(self.files))
                if self.stopped():
                    self.ended = False
                    break
            stages.take(gathering.joined(), commit=True)
        taken_up = dict.fromkeys(f.there.name for f in self.lander.taken_up if f.there is not None)
        self.passed += [Passed(name, left=True, until=self.now) for name in taken_up]

    def _pass(self, file: Passed) -> None:
        if file.waits is not None:
            self.waiting.append(file.waits)
        else:
            self.passed.append(file)

    @property
    def again(self) -> list[LogObject]:
        """The files to go through again."""
        left = {file.name for file in self.passed if file.left}
        overtaken = [file.there for file in self.lander.overtaken if file.there is not None]
        again = {file.name: file for file in [*overtaken, *self.waiting]}
        return [file for name, file in again.items() if name not in left]


class _Stages:
    """Parses a batch while the next one is read and the one before is completed and lands. Leaving
    it waits for the last to land. While a batch is parsed, only the thread that parses it begins to
    land.

    `read` are the files that are wholly taken.
    """

    def __init__(self, lander: Lander, network_database: Path | None) -> None:
        self.lander = lander
        self.read = 0
        self.stack = ExitStack()
        self.stack.callback(lander.discard)
        lake = replace(lander.lake, threads=_threads_to_parse(lander.lake))
        self.parser = self.stack.enter_context(parser_within(lake))
        self.completer = Completer(
            reader=self.stack.enter_context(self.parser.reader.beside()),
            now=lander.now,
            network_database=network_database,
            privacy=lander.privacy,
        )
        self.parsing = self.stack.enter_context(_Stage("parsing"))
        self.landing = self.stack.enter_context(_Stage("landing"))

    def __enter__(self) -> _Stages:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        with self.stack:
            if kind is None:
                self.parsing.wait()
                self.landing.wait()

    def take(self, batch: Batch, *, commit: bool = False) -> None:
        self.parsing.wait()
        if batch.records and not self.landing.has_begun:
            # What is looked up is loaded while there is nothing to land.
            self.landing.begin(enrich.load, database=self.completer.network_database)
        self.parsing.begin(self._parse, batch, commit=commit)

    def _parse(self, batch: Batch, *, commit: bool) -> None:
        parsed = self.parser.parse(batch)
        self.landing.begin(self._land, parsed, commit=commit)
        self.read += len(batch.finished)

    def _land(self, parsed: ParsedBatch, *, commit: bool) -> None:
        self.lander.land(self.completer.complete(parsed), commit=commit)


def _threads_to_parse(lake: Lake) -> int:
    """One less than there may be, for reading and landing take about one."""
    return max((lake.threads or os.cpu_count() or 1) - 1, 1)


class _Stage:
    """A thread that does one thing after another. Use as a context manager."""

    def __init__(self, name: str) -> None:
        self.thread = ThreadPoolExecutor(1, name)
        self.at_hand: Future[None] | None = None

    def __enter__(self) -> _Stage:
        return self

    def __exit__(self, *_: object) -> None:
        self.thread.shutdown()

    @property
    def has_begun(self) -> bool:
        return self.at_hand is not None

    def begin(self, task: Callable[..., None], *args: Any, **kwargs: Any) -> None:
        """Begin with a task when the one before is done; raises what stopped that."""
        self.wait()
        self.at_hand = self.thread.submit(task, *args, **kwargs)

    def wait(self) -> None:
        """Until the task at hand is done; raises what stopped it."""
        if self.at_hand is not None:
            self.at_hand.result()


def nothing_new(
    lake: Lake, paths: Iterable[str | Path], *, lookback_days: int = LOOKBACK_DAYS
) -> int | None:
    """How many files the paths mean, if the lake has all of them as they are; else None."""
    files = find_logs(lake, paths, lookback_days=lookback_days).files
    with known_files(lake, [file.name for file in files]) as known:
        return len(files) if all(_is_unchanged(file, known) for file in files) else None


def _is_unchanged(file: LogObject, known: Known) -> bool:
    if not isinstance(file, LocalFile):
        return known.has_object(file)
    with opened(file) as content:
        return isinstance(seen(file, content, known, containers()), Unchanged)


def find_logs(
    lake: Lake, paths: Iterable[str | Path], *, lookback_days: int, may_come: bool = False
) -> Found:
    """The files that the paths mean; of a bucket, those since the lake's last listing of it.

    A path that means nothing fails, unless what it means `may_come`.
    """
    wanted = list(paths)
    listed = _listed(lake) if any(isinstance(located(path), BucketUrl) for path in wanted) else []
    return find(
        wanted,
        apart_from=lake.location,
        listed=listed,
        lookback_days=lookback_days,
        may_come=may_come,
    )


def _listed(lake: Lake) -> list[Listed]:
    with lake.reader(tables=["listings"]) as reader:
        names = ["path", "folder", "last_day", "name_form"]
        return [Listed(*row) for row in reader.columns("listings", names).iter_rows()]


def _listing_rows(found: Found, *, now: datetime, run_id: str) -> pl.DataFrame:
    told = {"listed_at": now, "run_id": run_id}
    return LISTINGS.frame([vars(listed) | told for listed in found.listed])
