"""Events into the lake, each once: what is new of them, and the files' accounts.

Batches are written as they come and committed some at a time, so that files grow to their full
size. Order of commits: `begun`, `events`, `rejects`, `ingests`. A file is known only when all of it
is in; who reads it again after a process was killed before that finds there what it had landed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl

from pipeline.agents import with_agents
from pipeline.arrivals import LogFile
from pipeline.batches import FileBroken
from pipeline.booking import begin, book, forget, take_back, take_back_overtaken
from pipeline.content import Content, Privacy
from pipeline.growth import LOST
from pipeline.lake import Lake
from pipeline.new_events import NewEvents
from pipeline.parsing import ParsedBatch
from pipeline.schemas import INGESTS, REJECTS

SQL = Path(__file__).parent / "sql"


@dataclass(kw_only=True)
class Lander:
    """Commits batches for one run; `done` are the files that are wholly in.

    A commit holds `batches_in_commit` batches, unless it is asked for before; of a source whose
    events are given their agents, one.
    """

    lake: Lake
    now: datetime
    run_id: str
    reject_text_bytes: int
    privacy: Privacy
    batches_in_commit: int = 1
    done: list[LogFile] = field(default_factory=list)
    _events: NewEvents | None = None
    _files: dict[str, LogFile] = field(default_factory=dict)
    _rejected: list[tuple[str, int]] = field(default_factory=list)
    _taken: list[ParsedBatch] = field(default_factory=list)

    def land(self, batch: ParsedBatch, *, commit: bool = False) -> None:
        """Take a batch in: its events, its rejects, and the accounts of the files that end in it;
        and `commit`.
        """
        self._take(batch)
        self._taken.append(replace(batch, events=()))
        if commit or len(self._taken) >= self.batches_in_commit:
            self._commit()

    def land_events(self, batch: ParsedBatch) -> None:
        """Commit a batch's events and write what became of it into its files' accounts."""
        self._take(batch)
        self._commit_events()
        self._account([batch])

    def discard(self) -> None:
        """Leave what is not committed."""
        if self._events is not None:
            self._events.discard()

    def _take(self, batch: ParsedBatch) -> None:
        """Write the events of a batch, to be committed."""
        self._files |= batch.files
        files = batch.files.values()
        outgrown = [(f.path, f.fingerprint, was) for f in files for was in f.outgrown]
        self._rejected += [(file.path, part.index) for file, part in batch.broken]
        for source, events in batch.events:
            if events.num_rows == 0:
                continue
            whole = events
            if source.own_agent is not None:
                # Which agent an event is of may be told by events that a reader has to see.
                self._commit_events()
                whole = with_agents(self.lake, events, source=source.name, own=source.own_agent)
            if self._events is None:
                self._events = NewEvents(self.lake)
            self._events.take(source.name, whole, outgrown)

    def _commit(self) -> None:
        """Commit all that was taken in."""
        taken, self._taken = self._taken, []
        if any(batch.broken for batch in taken):
            self._begin()
        self._commit_events()
        finished = [file for batch in taken for file in batch.finished]
        read = [(file, file.next_index) for batch in taken for file, _ in batch.counts]
        self._account(taken)
        rejects = self.reject_rows([part for batch in taken for part in batch.broken])
        lost = [file for file in finished if file.mark == LOST]
        finished = [file for file in finished if file.mark != LOST]
        take_back(self.lake, read, finished, rejects)
        self.lake.append_new("rejects", rejects)
        accounted = self._accounted([file for file in lost if not file.outgrown])
        book(self.lake, [*finished, *accounted], now=self.now, run_id=self.run_id)
        forget(self.lake, [file for file in lost if file not in accounted])
        take_back_overtaken(self.lake, finished, rejects)
        self.done.extend(finished)

    def _commit_events(self) -> None:
        if self._events is not None:
            self._begin()
            for row in self._events.commit(self._rejected).iter_rows(named=True):
                _count(self._files[row["source_file"]], row)
            self._events = None

    def _begin(self) -> None:
        """Write down the files of which something is about to land for the first time."""
        new = [file for file in self._files.values() if file.before is None and not file.begun]
        begin(self.lake, new, now=self.now, run_id=self.run_id)
        for file in new:
            file.begun = True

    def _account(self, batches: Sequence[ParsedBatch]) -> None:
        """Write into the files' accounts what batches held, when their events are there."""
        for batch in batches:
            for file, records in batch.counts:
                file.records += records
            for file, _ in batch.broken:
                file.rejects += 1
        finished = [file for batch in batches for file in batch.finished]
        self._account_copies([file for file in finished if file.same_as is not None])
        self._files.clear()
        self._rejected.clear()

    def _account_copies(self, copies: Sequence[LogFile]) -> None:
        """Write into the accounts of files that were not read, for their content is known from
        another, which events are theirs all the same and which the other's.
        """
        if not copies:
            return
        landed = self._landed(copies)
        for file in copies:
            assert file.same_as is not None
            held = file.same_as.events + file.same_as.duplicates
            # What is rejected is told of the other.
            file.records = file.same_as.records - file.same_as.rejects
            file.events = min(landed.get((file.path, file.fingerprint), (0, 0))[0], held)
            file.duplicates = held - file.events

    def _accounted(self, lost: Sequence[LogFile]) -> list[LogFile]:
        """Of files that nobody can read any more, those of which something is there, with that in
        their accounts.
        """
        landed = self._landed(lost) if lost else {}
        for file in lost:
            file.events, file.rejects = landed.get((file.path, file.fingerprint), (0, 0))
            file.records = file.events + file.rejects
        return [file for file in lost if file.records]

    def _landed(self, files: Sequence[LogFile]) -> dict[tuple[str, str], tuple[int, int]]:
        """Events and rejects that are there of files, by path and fingerprint."""
        with self.lake.reader(tables=["events", "rejects"]) as reader:
            keys = [(file.path, file.fingerprint) for file in files]
            reader.define("files", pl.DataFrame(keys, schema=INGESTS.key, orient="row"))
            rows = reader.query(SQL / "landed.sql").rows()
        return {(path, print_): (events, rejects) for path, print_, events, rejects in rows}

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


def _count(file: LogFile, row: dict[str, Any]) -> None:
    """Add what became of a batch's events to the file they came from."""
    file.events += row["events"]
    file.duplicates += row["duplicates"]
    file.partly += row["partly"] or ()
    times = [file.first_event_at, file.last_event_at, row["first_event_at"], row["last_event_at"]]
    known = [time for time in times if time is not None]
    file.first_event_at, file.last_event_at = min(known), max(known)
