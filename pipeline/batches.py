"""Records to be parsed together: gathered piece by piece, then joined into a relation a source.

Joining copies the texts out of their files' bytes, once; after it nothing of those is held.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa

from pipeline.arrivals import Arrival, LogFile
from pipeline.records import Broken, Piece, strings
from pipeline.sources import Source, sources

FilePiece = tuple[LogFile, Piece]
FileBroken = tuple[LogFile, Broken]


@dataclass(frozen=True)
class OfFiles:
    """What a batch is to its files: what of them is no record, or no event; how many records there
    were; and which of them end with it.
    """

    broken: Sequence[FileBroken]
    counts: Sequence[tuple[LogFile, int]]
    finished: Sequence[LogFile]

    @property
    def files(self) -> Mapping[str, LogFile]:
        """The files by their paths."""
        return {file.path: file for file, _ in self.counts}


@dataclass(frozen=True)
class Batch(OfFiles):
    """By source its records as the relation `records`: `source_file`, `record_index`, `raw`."""

    records: Sequence[tuple[Source, pa.Table]]


@dataclass
class Gathering:
    """What has arrived for the next batch."""

    pieces: list[FilePiece] = field(default_factory=list)
    finished: list[LogFile] = field(default_factory=list)
    bytes: int = 0

    def add(self, arrival: Arrival) -> None:
        if arrival.piece.texts or arrival.piece.broken:
            self.pieces.append((arrival.file, arrival.piece))
            self.bytes += arrival.piece.bytes
        if arrival.last:
            self.finished.append(arrival.file)

    def joined(self) -> Batch:
        """All of it as a batch; the gathering is empty then."""
        counts = [(file, len(p.texts) + len(p.broken)) for file, p in self.pieces]
        broken = [(file, part) for file, piece in self.pieces for part in piece.broken]
        records = []
        for name in sorted({file.source for file, _ in self.pieces if file.source is not None}):
            joined, bad = _joined([(f, piece) for f, piece in self.pieces if f.source == name])
            records.append((sources()[name], joined))
            broken.extend(bad)
        batch = Batch(broken, counts, self.finished, records)
        self.pieces, self.finished, self.bytes = [], [], 0
        return batch


def _joined(pieces: Sequence[FilePiece]) -> tuple[pa.Table, list[FileBroken]]:
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
    file_of_each = np.repeat(np.arange(len(pieces)), [len(piece.texts) for _, piece in pieces])
    indexes = [index for _, piece in pieces for index in piece.indexes]
    columns = {
        "source_file": files.take(pa.array(file_of_each)),
        "record_index": pa.array(indexes, pa.int64()),
        "raw": texts,
    }
    return pa.table(columns), broken


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
