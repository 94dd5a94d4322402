"""Records to events: one SELECT a source over a batch, then what the log does not say itself.

A record's text goes through SQL once, its place never: both join the event that the record became
by the record's number.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from pipeline import enrich
from pipeline.arrivals import LogFile
from pipeline.batches import Batch, FileBroken, OfFiles
from pipeline.content import Privacy
from pipeline.errors import SourceError
from pipeline.lake import Lake
from pipeline.reader import LakeReader, Repeated
from pipeline.records import Broken
from pipeline.schemas import EVENTS
from pipeline.slicing import rows_at, rows_where
from pipeline.sources import SELECTED, Source

_PART = 1024
_SHORT_LOAD = 8 << 20
"""Bytes of records, above which it does not matter to plan a SELECT once more."""
_NAMELESS = "expected an event with an id and a time, got one without"


@dataclass(frozen=True)
class ParsedBatch(OfFiles):
    """By source its events, which have the columns of `events` once they are completed."""

    events: Sequence[tuple[Source, pa.Table]]


@dataclass
class Parser:
    """Parses batches. `reader` needs no table of the lake.

    `parsed` are the bytes of records so far; `is_sound` tells that none of them made it fail.
    """

    reader: LakeReader
    parsed: int = 0
    is_sound: bool = True
    _selects: dict[str, Repeated] = field(default_factory=dict)

    def parse(self, batch: Batch) -> ParsedBatch:
        """The batch as events and rejects, each source's records by its own SELECT."""
        self.is_sound = False
        broken = list(batch.broken)
        files = {part.file.path: part.file for part in batch.parts}
        events = []
        for source, records in batch.records:
            told = _as_promised(source, self._select(source)(_in_parts(records)))
            faulty = pc.is_valid(told["problem"])
            if pc.any(faulty).as_py():
                broken.extend(_problems(rows_where(told, faulty), records, files))
                told = rows_where(told, pc.invert(faulty))
            events.append((source, _placed(told, records)))
            self.parsed += records.nbytes
        self.is_sound = True
        return ParsedBatch(broken, batch.parts, batch.finished, events)

    def _select(self, source: Source) -> Repeated:
        sql = source.select
        if sql not in self._selects:
            self._selects[sql] = self.reader.repeated(sql)
        return self._selects[sql]


_idle: defaultdict[tuple[int, int | None], list[Parser]] = defaultdict(list)
"""Parsers that nobody uses, by the bounds of their readers."""


@contextmanager
def parser_within(lake: Lake) -> Iterator[Parser]:
    """A parser within the lake's bounds, that nobody else uses meanwhile.

    It is kept for the next load of this process, for to open a DuckDB and to plan a source's SELECT
    takes longer than to parse the few lines that a follower finds at a look. After a long load it
    is not, nor if it failed: then its memory goes.
    """
    idle = _idle[lake.memory_limit, lake.threads]
    try:
        parser = idle.pop()
    except IndexError:
        parser = Parser(lake.reader(tables=()))
    parser.parsed = 0
    try:
        yield parser
    finally:
        if parser.is_sound and parser.parsed <= _SHORT_LOAD:
            idle.append(parser)
        else:
            parser.reader.close()


@dataclass(frozen=True, kw_only=True)
class Completer:
    """Adds to parsed events what no record tells, and leaves of their texts what may land.
    `reader` needs no table of the lake.
    """

    reader: LakeReader
    now: datetime
    network_database: Path | None
    privacy: Privacy

    def complete(self, batch: ParsedBatch) -> ParsedBatch:
        """The batch with its events as they land."""
        return replace(batch, events=[(s, self._completed(s, told)) for s, told in batch.events])

    def _completed(self, source: Source, told: pa.Table) -> pa.Table:
        events = self._enriched(source, told)
        return self.privacy.applied(
            self.reader, events, source=source.name, own_agent=source.own_agent
        )

    def _enriched(self, source: Source, told: pa.Table) -> pa.Table:
        """The events with the columns that lookups and ingest add."""
        added = enrich.added(told, database=self.network_database)
        columns = {name: told[name] for name in told.column_names}
        columns |= {name: added[name] for name in added.column_names}
        columns["source"] = pa.repeat(pa.scalar(source.name, pa.string()), told.num_rows)
        columns["ingested_at"] = pa.repeat(pa.scalar(self.now), told.num_rows)
        table = pa.table({name: columns[name] for name in EVENTS.column_names})
        return table.cast(EVENTS.arrow_schema)


def _as_promised(source: Source, told: pa.Table) -> pa.Table:
    """The rows with the columns that a source's SELECT has to return, as their types. An event
    without an id or a time has a problem, whatever the SELECT says of it.
    """
    if missing := set(SELECTED.names) - set(told.column_names):
        names = ", ".join(sorted(missing))
        raise SourceError(f"source {source.name}: expected a SELECT of {names} too, got none")
    try:
        rows = told.select(SELECTED.names).cast(SELECTED)
    except pa.ArrowInvalid as error:
        raise SourceError(f"source {source.name}: expected other types, got {error}") from error
    nameless = pc.or_(pc.is_null(rows["event_id"]), pc.is_null(rows["event_time"]))
    if not pc.any(nameless).as_py():
        return rows
    problem = pc.coalesce(rows["problem"], pc.if_else(nameless, _NAMELESS, None))
    return rows.set_column(rows.column_names.index("problem"), "problem", problem)


def _in_parts(records: pa.Table) -> pa.Table:
    """What a source's SELECT reads, in parts that DuckDB reads side by side: a thread takes a part
    at a time.
    """
    numbers = pa.array(np.arange(records.num_rows))
    read = pa.table({"record": numbers, "raw": records["raw"]})
    return pa.Table.from_batches(read.to_batches(max_chunksize=_PART), read.schema)


def _placed(told: pa.Table, records: pa.Table) -> pa.Table:
    """The rows with their record's place in place of its number, and with the text behind each: its
    own `raw`, else the record as it came.
    """
    numbers = told["record"].to_numpy()
    place = rows_at(records.drop_columns("raw"), numbers)
    raw = told["raw"]
    if raw.null_count:
        whole = rows_at(records.select(["raw"]), numbers)["raw"]
        raw = whole if raw.null_count == len(raw) else pc.coalesce(raw, whole)
    columns = {name: told[name] for name in told.column_names if name != "record"}
    for name in ("source_file", "fingerprint"):
        columns[name] = place[name].cast(pa.string())
    columns["record_index"] = place["record_index"]
    return pa.table({**columns, "raw": raw})


def _problems(
    faulty: pa.Table, records: pa.Table, files: Mapping[str, LogFile]
) -> list[FileBroken]:
    """The records of which the source's SELECT says what is wrong with them, each once and whole,
    though some of it may be events.
    """
    told = (
        pl.DataFrame(faulty.select(["record", "problem"]))
        .unique("record", keep="first", maintain_order=True)
        .sort("record")
    )
    whole = rows_at(records, told["record"].to_numpy()).to_pylist()
    return [
        (files[row["source_file"]], Broken(row["record_index"], problem, row["raw"].encode()))
        for row, problem in zip(whole, told["problem"], strict=True)
    ]
