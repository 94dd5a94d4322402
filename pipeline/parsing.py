"""Records to events: one SELECT a source over a batch, then what the log does not say itself.

A record's text never goes through SQL twice: the SELECT reads it, and it joins the event it became
by its place (file, record) when all else is done.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from pipeline import enrich
from pipeline.arrivals import LogFile
from pipeline.content import Privacy
from pipeline.lake import LakeReader
from pipeline.records import Broken, Piece
from pipeline.schemas import EVENTS
from pipeline.sources import Source

SQL = Path(__file__).parent / "sql"

FilePiece = tuple[LogFile, Piece]
FileBroken = tuple[LogFile, Broken]


@dataclass(frozen=True)
class Parsed:
    """What became of some records: events with the columns of `events`, and what is none."""

    events: pa.Table
    broken: list[FileBroken]


def parse(
    reader: LakeReader,
    source: Source,
    pieces: Sequence[FilePiece],
    *,
    now: datetime,
    network_database: Path | None,
    privacy: Privacy,
) -> Parsed:
    """The events of one source's records, their texts as they may land. `reader` needs no table of
    the lake.
    """
    records, broken = _records(pieces)
    reader.define("records", records)
    told = reader.arrow(source.select)
    told = told.set_column(told.column_names.index("raw"), "raw", _texts(told, records))
    faulty = pc.is_valid(told["problem"])
    if pc.any(faulty).as_py():
        broken.extend(_problems(told.filter(faulty), pieces))
        told = told.filter(pc.invert(faulty))
    events = _enriched(reader, source, told, now, network_database)
    events = privacy.applied(reader, events, source=source.name, own_agent=source.own_agent)
    return Parsed(events, broken)


def _enriched(
    reader: LakeReader,
    source: Source,
    told: pa.Table,
    now: datetime,
    network_database: Path | None,
) -> pa.Table:
    """The events with the columns that lookups and ingest add."""
    reader.define("parsed", told.append_column("row_index", pa.array(np.arange(told.num_rows))))
    for name, frame in enrich.lookups(reader, database=network_database).items():
        reader.define(name, frame)
    added = reader.arrow(enrich.SELECT)
    columns = {name: told[name] for name in told.column_names}
    columns |= {name: added[name] for name in added.column_names}
    columns["source"] = pa.repeat(pa.scalar(source.name, pa.string()), told.num_rows)
    columns["ingested_at"] = pa.repeat(pa.scalar(now), told.num_rows)
    return pa.table({name: columns[name] for name in EVENTS.column_names}).cast(EVENTS.arrow_schema)


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
    rows = np.searchsorted(there, asked)
    whole = pa.chunked_array([records["raw"].combine_chunks().take(pa.array(rows))])
    return whole if told["raw"].null_count == told.num_rows else pc.coalesce(told["raw"], whole)


def _records(pieces: Sequence[FilePiece]) -> tuple[pa.Table, list[FileBroken]]:
    """The pieces as the relation `records`, and those records that are not UTF-8 text."""
    broken: list[FileBroken] = []
    tables = []
    for file, piece in pieces:
        try:
            tables.append(_piece_table(file, piece))
        except pa.ArrowInvalid:
            whole, bad = _utf8(piece)
            broken.extend((file, part) for part in bad)
            tables.append(_piece_table(file, whole))
    return pa.concat_tables(tables).combine_chunks(), broken


def _piece_table(file: LogFile, piece: Piece) -> pa.Table:
    text = piece.strings()
    path = pa.repeat(pa.scalar(file.path, pa.string()), len(text))
    columns = [path, pa.array(piece.indexes, pa.int64()), text]
    return pa.table(columns, names=["source_file", "record_index", "raw"])


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
