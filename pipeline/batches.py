"""Records to be parsed together: gathered piece by piece, then joined into a relation a source.

Pieces are joined as they lie, and only small ones are copied.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa

from pipeline.arrivals import Arrival, LogFile
from pipeline.records import Broken, Piece
from pipeline.sources import Source, sources

FilePiece = tuple[LogFile, Piece]
FileBroken = tuple[LogFile, Broken]

_FEW_ROWS = 512
"""Fewer rows together than these are worth a copy to those who go through them part by part."""


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
    """By source its records: `source_file`, `fingerprint`, `record_index`, `raw`."""

    records: Sequence[tuple[Source, pa.Table]]


@dataclass
class Gathering:
    """What has arrived for the next batch."""

    pieces: list[FilePiece] = field(default_factory=list)
    finished: list[LogFile] = field(default_factory=list)
    bytes: int = 0

    def add(self, arrival: Arrival) -> None:
        if arrival.piece.indexes or arrival.piece.broken:
            self.pieces.append((arrival.file, arrival.piece))
            self.bytes += arrival.piece.texts.nbytes
        if arrival.last:
            self.finished.append(arrival.file)

    def joined(self) -> Batch:
        """All of it as a batch; the gathering is empty then."""
        counts = [(file, len(p.indexes) + len(p.broken)) for file, p in self.pieces]
        broken = [(file, part) for file, piece in self.pieces for part in piece.broken]
        names = sorted({file.source for file, _ in self.pieces if file.source is not None})
        records = [
            (sources()[name], _joined([(f, piece) for f, piece in self.pieces if f.source == name]))
            for name in names
        ]
        batch = Batch(broken, counts, self.finished, records)
        self.pieces, self.finished, self.bytes = [], [], 0
        return batch


def _joined(pieces: Sequence[FilePiece]) -> pa.Table:
    """The records of the pieces."""
    paths = pa.array([file.path for file, _ in pieces], pa.string())
    fingerprints = pa.array([file.fingerprint for file, _ in pieces], pa.string())
    rows = [len(piece.indexes) for _, piece in pieces]
    file_of_each = pa.array(np.repeat(np.arange(len(pieces), dtype=np.int32), rows))
    indexes = [index for _, piece in pieces for index in piece.indexes]
    columns = {
        "source_file": pa.DictionaryArray.from_arrays(file_of_each, paths),
        "fingerprint": pa.DictionaryArray.from_arrays(file_of_each, fingerprints),
        "record_index": pa.array(indexes, pa.int64()),
        "raw": pa.chunked_array(_small_joined([piece.texts for _, piece in pieces]), pa.string()),
    }
    return pa.table(columns)


def _small_joined(arrays: Sequence[pa.StringArray]) -> Iterator[pa.StringArray]:
    """The same rows in arrays that are not small, the large ones as they are."""
    small: list[pa.StringArray] = []
    for array in arrays:
        is_large = len(array) >= _FEW_ROWS
        if not is_large:
            small.append(array)
        if small and (is_large or sum(map(len, small)) >= _FEW_ROWS):
            yield pa.concat_arrays(small)
            small = []
        if is_large:
            yield array
    if small:
        yield pa.concat_arrays(small)
