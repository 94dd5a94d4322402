"""Events into the lake, each once: what is new of them, and what that means for their files.

Batches are written as they come and committed some at a time, so that files grow to their full
size. A commit is refused if another process has landed something of the same files since it was
found out what the lake has of them: then the commit's files are left to be looked at again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.agents import with_agents
from pipeline.appending import DataFile
from pipeline.arrivals import LogFile
from pipeline.batches import FileBroken
from pipeline.booking import settle
from pipeline.content import Content, Privacy
from pipeline.journal import Landing, landings
from pipeline.lake import Lake
from pipeline.new_events import NewEvents
from pipeline.parsing import ParsedBatch
from pipeline.readings import Readings
from pipeline.schemas import IN_PART, REJECTS


class _OvertakenError(Exception):
    """Another process was first with one of the files."""


@dataclass(kw_only=True)
class Lander:
    """Commits batches for one run; `done` are the files that are wholly in, `landed` these and the
    logs of which something is in: a document that is not wholly in is read again from its start.

    `since` is the version of `events` of which `ingests` told when the files were looked at. A
    commit holds `batches_in_commit` batches, unless it is asked for before; of a source whose
    events are given their agents, one. `overtaken` are the files with which another process was
    first; those are `taken_up` which it has not come to the end of.
    """

    lake: Lake
    now: datetime
    run_id: str
    since: int
    reject_text_bytes: int
    privacy: Privacy
    batches_in_commit: int = 1
    landed: dict[LogFile, None] = field(default_factory=dict)
    done: list[LogFile] = field(default_factory=list)
    overtaken: list[LogFile] = field(default_factory=list)
    taken_up: list[LogFile] = field(default_factory=list)
    _events: NewEvents | None = None
    _taken: list[ParsedBatch] = field(default_factory=list)
    _own: set[str] = field(default_factory=set)
    _touched: dict[str, bool] = field(default_factory=dict)

    def land(self, batch: ParsedBatch, *, commit: bool = False) -> None:
        """Take a batch in: its events, its rejects, and what it means for its files; and
        `commit`.
        """
        left = self._left_of(batch)
        if any(source.own_agent is not None for source, _ in left.events):
            # Which agent an event is of may be told by events that a reader has to see.
            self._commit()
        self._take(left)
        self._taken.append(replace(left, events=()))
        if commit or len(self._taken) >= self.batches_in_commit:
            self._commit()

    def discard(self) -> None:
        """Leave what is not committed."""
        if self._events is not None:
            self._events.discard()
            self._events = None

    def _left_of(self, batch: ParsedBatch) -> ParsedBatch:
        """The batch without files that were overtaken, and copies of them."""
        gone = {file for file in batch.files if {file, file.same_as} & {*self.overtaken}}
        if not gone:
            return batch
        self.overtaken += [file for file in batch.files if file in gone]
        paths = pa.array([part.file.path for part in batch.parts if part.file in gone], pa.string())
        return ParsedBatch(
            [(file, part) for file, part in batch.broken if file not in gone],
            [part for part in batch.parts if part.file not in gone],
            [file for file in batch.finished if file not in gone],
            [
                (source, rows.filter(pc.invert(pc.is_in(rows["source_file"], paths))))
                for source, rows in batch.events
            ],
        )

    def _take(self, batch: ParsedBatch) -> None:
        """Write the events of a batch, to be committed."""
        for source, events in batch.events:
            if events.num_rows == 0:
                continue
            whole = events
            if source.own_agent is not None:
                whole = with_agents(self.lake, events, source=source.name, own=source.own_agent)
            if self._events is None:
                self._events = NewEvents(self.lake)
            self._events.take(source.name, whole)

    def _commit(self) -> None:
        """Commit all that was taken in."""
        taken, self._taken = self._taken, []
        if not any(batch.files for batch in taken):
            return
        events = self._events = self._events or NewEvents(self.lake)
        broken = [told for batch in taken for told in batch.broken]
        readings = Readings(taken, self.reject_rows(broken), now=self.now, run_id=self.run_id)
        landing = Landing(rejects=self._written(readings.rejects), resolved=readings.resolved)

        def tell(by_file: pl.DataFrame, version: int) -> Mapping[str, str] | None:
            if landing.id in self._others_told(until=version):
                return None
            if any(file.names & self._touched.keys() for file in readings.files):
                raise _OvertakenError
            return replace(landing, readings=readings.rows(by_file)).told()

        try:
            by_file = events.commit([(file.path, part.index) for file, part in broken], tell=tell)
        except _OvertakenError:
            self._leave(readings.files)
            return
        finally:
            self.discard()
        self._own.add(landing.id)
        settle(self.lake)
        readings.have_landed(by_file)
        finished = [file for batch in taken for file in batch.finished]
        of_logs = (p.file for batch in taken for p in batch.parts if p.mark is not None)
        self.landed |= dict.fromkeys([*of_logs, *finished])
        self.done += finished

    def _written(self, rejects: pl.DataFrame) -> tuple[DataFile, ...]:
        """Files of these rejects, which are no part of their table yet."""
        if rejects.is_empty():
            return ()
        files = self.lake.appending("rejects")
        files.add(rejects.to_arrow().cast(REJECTS.arrow_schema))
        return tuple(files.actions())

    def _others_told(self, *, until: int) -> set[str]:
        """The ids of landings since the last time; what others than this one touched is noted."""
        ids = set()
        for _, landing in landings(self.lake, after=self.since, until=until):
            ids.add(landing.id)
            if landing.id not in self._own:
                in_part = pl.col("content").eq_missing(IN_PART)
                self._touched |= dict.fromkeys(landing.readings["fingerprint"], False)
                self._touched |= dict(landing.readings.select("source_file", in_part).iter_rows())
        self.since = max(self.since, until)
        return ids

    def _leave(self, files: Sequence[LogFile]) -> None:
        """Leave these to be looked at again, or to who is at work on them."""
        self.overtaken += files
        self.taken_up += [f for f in files if any(map(self._touched.get, f.names))]

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
