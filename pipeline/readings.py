"""What the batches of a commit mean for their files: what was read of each, for the journal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import polars as pl

from pipeline.arrivals import LogFile
from pipeline.batches import OfFiles, Part
from pipeline.growth import Mark
from pipeline.journal import ANEW, COPY, FURTHER, GROWN, READINGS, REPLAY, no_rejects
from pipeline.schemas import IN_PART, REJECTS

_NO_EVENTS = {"events": 0, "new": 0, "duplicates": 0}


class Readings:
    """What was read of the `files` of some batches, which told of some rejects.

    `rejects` are those that are new, `resolved` the keys of those that a replay tried with success.
    """

    def __init__(
        self, batches: Sequence[OfFiles], told: pl.DataFrame, *, now: datetime, run_id: str
    ) -> None:
        self.files = list(dict.fromkeys(file for batch in batches for file in batch.files))
        self._now, self._run_id = now, run_id
        self._finished = {file for batch in batches for file in batch.finished}
        self._parts: dict[LogFile, list[Part]] = {file: [] for file in self.files}
        self._rejects = dict.fromkeys(self.files, 0)
        for batch in batches:
            for part in batch.parts:
                self._parts[part.file].append(part)
            for file, _ in batch.broken:
                self._rejects[file] += 1
        tried = pl.concat([no_rejects(), *self._tried()])
        # What is rejected again stays as it was told first.
        self.rejects = told.join(tried, on=REJECTS.key, how="anti", maintain_order="left")
        self.resolved = tried.join(told, on=REJECTS.key, how="anti")

    def rows(self, by_file: pl.DataFrame) -> pl.DataFrame:
        """The readings, given what became of the events of each file."""
        counts = _counts(by_file)
        rows = [row for file in self.files for row in self._rows(file, counts)]
        return READINGS.frame(rows)

    def have_landed(self, by_file: pl.DataFrame) -> None:
        """Write down in the files what became of what was read of them."""
        counts = _counts(by_file)
        so_far = {file: self._so_far(file.same_as or file, counts) for file in self.files}
        for file, (records, events, duplicates, rejects) in so_far.items():
            if file.same_as is not None:
                file.records, file.duplicates = records - rejects, events + duplicates
                continue
            file.records, file.events = records, events
            file.duplicates, file.rejects = duplicates, rejects
            file.next_index = self._next_index(file)
            file.has_landed = True

    def _rows(
        self, file: LogFile, counts: Mapping[str, Mapping[str, Any]]
    ) -> Iterator[dict[str, Any]]:
        key = {"source_file": file.path, "fingerprint": file.fingerprint}
        if not file.has_landed:
            for was in file.outgrown:
                yield {**key, "fingerprint": was, "kind": GROWN, "first_index": -1}
        is_finished = file in self._finished
        mark = file.mark if is_finished else self._mark(file)
        row = {
            **key,
            "kind": _kind(file),
            "first_index": file.next_index if _kind(file) == FURTHER else -1,
            "bytes": file.bytes,
            "source": file.source,
            "ingested_at": self._now,
            "run_id": self._run_id,
            "content": file.content if is_finished else IN_PART,
            **(vars(mark) if mark is not None else {}),
        }
        if file.same_as is not None:
            # What is rejected is told of the other.
            records, events, duplicates, rejects = self._so_far(file.same_as, counts)
            row |= {"records": records - rejects, "events": events + duplicates}
            row |= {"duplicates": 0, "rejects": 0}
        else:
            row |= self._now_read(file, counts)
        if file.replays is not None:
            row |= {"first_index": None, "content": None, "replayed_at": self._now}
        yield row

    def _now_read(self, file: LogFile, counts: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
        """What was read of a file now, in numbers, and its events' first and last time."""
        told = counts.get(file.path, _NO_EVENTS)
        rejects, records = self._rejects[file], sum(part.records for part in self._parts[file])
        if file.replays is not None:
            # Its records are counted, and the events that a record brought in part.
            tried = self._tried_of(file)["record_index"].n_unique()
            return {**told, "events": told["new"], "records": 0, "rejects": rejects - tried}
        return {**told, "records": records, "rejects": rejects}

    def _so_far(
        self, file: LogFile, counts: Mapping[str, Mapping[str, Any]]
    ) -> tuple[int, int, int, int]:
        """Records, events, duplicates and rejects of a file in all, once this has landed."""
        if file not in self._parts or file.same_as is not None:
            return file.records, file.events, file.duplicates, file.rejects
        now = self._now_read(file, counts)
        return (
            file.records + now["records"],
            file.events + now["events"],
            file.duplicates + now["duplicates"],
            file.rejects + now["rejects"],
        )

    def _mark(self, file: LogFile) -> Mark | None:
        """Up to where a log is read by the parts of it that are here."""
        return next((part.mark for part in reversed(self._parts[file])), None)

    def _next_index(self, file: LogFile) -> int:
        if not self._parts[file]:
            return file.next_index
        last = self._parts[file][-1]
        return last.next_index if last.mark is None else last.mark.next_record

    def _tried(self) -> Iterator[pl.DataFrame]:
        for file in self.files:
            if file.replays is not None:
                yield self._tried_of(file)

    def _tried_of(self, file: LogFile) -> pl.DataFrame:
        """The keys of a file's rejects that were tried again now."""
        assert file.replays is not None
        index = pl.col("record_index")
        is_now = index >= file.next_index
        if file not in self._finished:
            is_now = is_now & (index < self._next_index(file))
        return file.replays.filter(is_now).select(REJECTS.key)


def _kind(file: LogFile) -> str:
    if file.same_as is not None:
        return COPY
    if file.replays is not None:
        return REPLAY
    return FURTHER if file.has_landed or file.before is not None else ANEW


def _counts(by_file: pl.DataFrame) -> dict[str, dict[str, Any]]:
    return {row.pop("source_file"): row for row in by_file.to_dicts()}
