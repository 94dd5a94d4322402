"""Records to be parsed together: gathered piece by piece, then joined into a relation a source.

Pieces are joined as they lie, and only small ones are copied.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa

from pipeline.arrivals import Arrival, LogFile
from pipeline.growth import Mark
from pipeline.records import Broken
from pipeline.sources import Source, sources

FileBroken = tuple[LogFile, Broken]

_FEW_ROWS = 512
"""Fewer rows together than these are worth a copy to those who go through them part by part."""


@dataclass(frozen=True)
class Part:
    """Some records of a file, in order: how many there were, the index after theirs, and up to
    where the file is read then, if it is a log.
    """

    file: LogFile
    records: int
    next_index: int
    mark: Mark | None


@dataclass(frozen=True)
class OfFiles:
    """What a batch is to its files: what of them is no record, or no event; which parts of them it
    has; and which of them end with it.
    """

    broken: Sequence[FileBroken]
    parts: Sequence[Part]
    finished: Sequence[LogFile]

    @property
    def files(self) -> Sequence[LogFile]:
        """The files, each once."""
        return list(dict.fromkeys([*(part.file for part in self.parts), *self.finished]))


@dataclass(frozen=True)
class Batch(OfFiles):
    """By source its records: `source_file`, `fingerprint`, `record_index`, `raw`."""

    records: Sequence[tuple[Source, pa.Table]]


@dataclass
class Gathering:
    """What has arrived for the next batch."""

    arrivals: list[Arrival] = field(default_factory=list)
    finished: list[LogFile] = field(default_factory=list)
    bytes: int = 0

    def add(self, arrival: Arrival) -> None:
        if arrival.piece.indexes or arrival.piece.broken:
            self.arrivals.append(arrival)
            self.bytes += arrival.piece.texts.nbytes
        if arrival.last:
            self.finished.append(arrival.file)

    def joined(self) -> Batch:
        """All of it as a batch; the gathering is empty then."""
        parts = [_part(arrival) for arrival in self.arrivals]
        broken = [(each.file, broken) for each in self.arrivals for broken in each.piece.broken]
        names = sorted({each.file.source for each in self.arrivals if each.file.source is not None})
        records = [
            (sources()[name], _joined([a for a in self.arrivals if a.file.source == name]))
            for name in names
        ]
        batch = Batch(broken, parts, self.finished, records)
        self.arrivals, self.finished, self.bytes = [], [], 0
        return batch


def _part(arrival: Arrival) -> Part:
    piece = arrival.piece
    last = max((*piece.indexes[-1:], *(part.index for part in piece.broken[-1:])))
    return Part(arrival.file, len(piece.indexes) + len(piece.broken), last + 1, arrival.mark)


def _joined(arrivals: Sequence[Arrival]) -> pa.Table:
    """The records of the arrivals."""
    pieces = [arrival.piece for arrival in arrivals]
    paths = pa.array([arrival.file.path for arrival in arrivals], pa.string())
    fingerprints = pa.array([arrival.file.fingerprint for arrival in arrivals], pa.string())
    rows = [len(piece.indexes) for piece in pieces]
    file_of_each = pa.array(np.repeat(np.arange(len(pieces), dtype=np.int32), rows))
    indexes = [index for piece in pieces for index in piece.indexes]
    columns = {
        "source_file": pa.DictionaryArray.from_arrays(file_of_each, paths),
        "fingerprint": pa.DictionaryArray.from_arrays(file_of_each, fingerprints),
        "record_index": pa.array(indexes, pa.int64()),
        "raw": pa.chunked_array(_small_joined([piece.texts for piece in pieces]), pa.string()),
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
