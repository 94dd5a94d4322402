"""Records to events: one SELECT a source over a batch, then what the log does not say itself.

A record's text never goes through SQL twice: the SELECT reads it, and it joins the event it became
by its place (file, record) when all else is done.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from pipeline import enrich
from pipeline.arrivals import Arrival, LogFile
from pipeline.content import Privacy
from pipeline.reader import LakeReader, Repeated
from pipeline.records import Broken, Piece, strings
from pipeline.schemas import EVENTS
from pipeline.slicing import rows_at, rows_where
from pipeline.sources import Source, sources

_PART = 4096

FilePiece = tuple[LogFile, Piece]
FileBroken = tuple[LogFile, Broken]


@dataclass
class Batch:
    """Records waiting to be parsed together, and the files that end with them."""

    pieces: list[FilePiece] = field(default_factory=list)
    finished: list[LogFile] = field(default_factory=list)
    bytes: int = 0

    def add(self, arrival: Arrival) -> None:
        if arrival.piece.texts or arrival.piece.broken:
            self.pieces.append((arrival.file, arrival.piece))
            self.bytes += arrival.piece.bytes
        if arrival.last:
            self.finished.append(arrival.file)


@dataclass(frozen=True)
class ParsedBatch:
    """What became of a batch: events by source; what is none; records by file; and the files that
    end with it. Events have the columns of `events` once they are completed.
    """

    events: Sequence[tuple[Source, pa.Table]]
    broken: Sequence[FileBroken]
    records: Sequence[tuple[LogFile, int]]
    finished: Sequence[LogFile]


@dataclass(frozen=True)
class Parser:
    """Parses batches. `reader` needs no table of the lake."""

    reader: LakeReader
    _selects: dict[str, Repeated] = field(default_factory=dict)

    def parse(self, batch: Batch) -> ParsedBatch:
        """The batch as events and rejects, each source's records by its own SELECT."""
        broken = [(file, part) for file, piece in batch.pieces for part in piece.broken]
        events = []
        for name in sorted({file.source for file, _ in batch.pieces if file.source is not None}):
            source = sources()[name]
            pieces = [(file, piece) for file, piece in batch.pieces if file.source == name]
            of_source, faulty = self._of_source(source, pieces)
            events.append((source, of_source))
            broken.extend(faulty)
        records = [(file, len(p.indexes) + len(p.broken)) for file, p in batch.pieces]
        return ParsedBatch(events, broken, records, batch.finished)

    def _of_source(
        self, source: Source, pieces: Sequence[FilePiece]
    ) -> tuple[pa.Table, list[FileBroken]]:
        """The events of one source's records as the records tell them, and those that are none."""
        records, broken = _records(pieces)
        told = self._select(source)(_in_parts(records))
        told = told.set_column(told.column_names.index("raw"), "raw", _texts(told, records))
        faulty = pc.is_valid(told["problem"])
        if pc.any(faulty).as_py():
            broken.extend(_problems(rows_where(told, faulty), pieces))
            told = rows_where(told, pc.invert(faulty))
        return told, broken

    def _select(self, source: Source) -> Repeated:
        if source.name not in self._selects:
            self._selects[source.name] = self.reader.repeated(source.select, over="records")
        return self._selects[source.name]


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
        numbered = told.append_column("row_index", pa.array(np.arange(told.num_rows)))
        self.reader.define("parsed", numbered)
        for name, frame in enrich.lookups(self.reader, database=self.network_database).items():
            self.reader.define(name, frame)
        added = self.reader.arrow(enrich.SELECT)
        columns = {name: told[name] for name in told.column_names}
        columns |= {name: added[name] for name in added.column_names}
        columns["source"] = pa.repeat(pa.scalar(source.name, pa.string()), told.num_rows)
        columns["ingested_at"] = pa.repeat(pa.scalar(self.now), told.num_rows)
        table = pa.table({name: columns[name] for name in EVENTS.column_names})
        return table.cast(EVENTS.arrow_schema)


def _texts(told: pa.Table, records: pa.Table) -> pa.ChunkedArray:
    """The text behind each row: its own `raw`, else the record as it came."""
    if told.num_rows == 0 or told["raw"].null_count == 0:
        return told["raw"]
    # Files follow one another, and records within them: places sort as the records lie.
    files = pc.unique(records["source_file"])
    size = 1 + max(pc.max(records["record_index"]).as_py(), 0)
    there, asked = (
        pc.index_in(table["source_file"], files).to_numpy().astype(np.int64) * size
        + table["record_index"].to_numpy()
        for table in (records, told)
    )
    whole = rows_at(records.select(["raw"]), np.searchsorted(there, asked))["raw"]
    return whole if told["raw"].null_count == told.num_rows else pc.coalesce(told["raw"], whole)


def _records(pieces: Sequence[FilePiece]) -> tuple[pa.Table, list[FileBroken]]:
    """The pieces as the relation `records`, and those records that are not UTF-8 text."""
    broken: list[FileBroken] = []
    try:
        texts = strings([text for _, piece in pieces for text in piece.texts])
    except pa.ArrowInvalid:
        whole = [(file, *_utf8(piece)) for file, piece in pieces]
        broken = [(file, part) for file, _, bad in whole for part in bad]
        pieces = [(file, piece) for file, piece, _ in whole]
        texts = strings([text for _, piece in pieces for text in piece.texts])
    files = pa.array([file.path for file, _ in pieces], pa.string())
    for _, piece in pieces:
        # The files' own bytes, of which the texts were, are not held beside them.
        piece.texts.clear()
    file_of_each = np.repeat(np.arange(len(pieces)), [len(piece.indexes) for _, piece in pieces])
    indexes = [index for _, piece in pieces for index in piece.indexes]
    columns = {
        "source_file": files.take(pa.array(file_of_each)),
        "record_index": pa.array(indexes, pa.int64()),
        "raw": texts,
    }
    return pa.table(columns), broken


def _in_parts(records: pa.Table) -> pa.Table:
    """The same rows in parts that DuckDB reads side by side: a thread takes a part at a time."""
    return pa.Table.from_batches(records.to_batches(max_chunksize=_PART), records.schema)


def _utf8(piece: Piece) -> tuple[Piece, list[Broken]]:
    """A piece without the records that are not UTF-8, and those."""
    whole, bad = Piece(), []
    for index, text in zip(piece.indexes, map(bytes, piece.texts), strict=True):
        try:
            text.decode()
        except UnicodeDecodeError as error:
            bad.append(Broken(index, f"expected UTF-8 text, got {error.reason}", text))
        else:
            whole.indexes.append(index)
            whole.texts.append(text)
    return whole, bad


def _problems(faulty: pa.Table, pieces: Sequence[FilePiece]) -> list[FileBroken]:
    """The records of which the source's SELECT says what is wrong with them, each once."""
    files = {file.path: file for file, _ in pieces}
    columns = ["source_file", "record_index", "problem", "raw"]
    rows = (
        pl.DataFrame(faulty.select(columns))
        .unique(["source_file", "record_index"], keep="first", maintain_order=True)
        .sort("source_file", "record_index")
    )
    return [
        (files[path], Broken(index, problem, (raw or "").encode()))
        for path, index, problem, raw in rows.rows()
    ]
