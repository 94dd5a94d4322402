"""Rows on their way into a table: files that grow to their full size before a commit names them.

Each write of delta-rs makes files of its own, so that a large load in small batches would leave
small files, to be written once more by a compaction. Here the batches of a load go into the same
files, and one commit adds them all. Until then no reader sees them; those of a killed writer belong
to no commit, and go with a later vacuum. Small files are written once more the same way.
"""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import obstore
import pyarrow as pa
import pyarrow.parquet as pq
from deltalake.transaction import AddAction, RemoveAction
from obstore.exceptions import BaseError

from pipeline.buckets import Location, ObjectSink, fault, store
from pipeline.errors import LakeError
from pipeline.schemas import Table
from pipeline.slicing import rows_at

DataFile = AddAction
"""What a commit has to say of a data file that it adds."""

TARGET_BYTES = 128 * 1024**2
"""A data file's full size."""

ROW_GROUP = 20_480
UNIQUE = ("event_id", "raw", "prompt", "tool_arguments", "tool_result", "text")
"""Columns of texts that hardly repeat: a dictionary of them, or their bounds, would cost a quarter
of writing.
"""

_GATHERED = 32 * 1024**2
"""Bytes of rows that are gathered, at the most, for a row group."""

_MOST_OPEN = 32
_MOST_OPEN_IN_BUCKET = 8
"""Files written to at once; each takes some memory, in a bucket what is yet to be sent too."""


@dataclass
class _File:
    """A data file; `key` is its path in the table's folder."""

    key: str
    values: Mapping[str, str]
    sink: pa.NativeFile
    parquet: pq.ParquetWriter
    written: list[pq.FileMetaData]
    rows: int = 0
    bytes: int = 0

    def write(self, rows: pa.Table) -> None:
        self.parquet.write_table(rows, row_group_size=ROW_GROUP)
        self.rows += rows.num_rows

    def close(self) -> None:
        if not self.sink.closed:
            self.parquet.close()
            self.bytes = self.sink.tell()
            self.sink.close()

    def action(self, *, bounded: Iterable[str], data_change: bool) -> DataFile:
        """What a commit has to say of it, with the least and the greatest value of some columns: by
        these it is left out where rows of other values are changed.
        """
        bounds = {name: bounds for name in bounded if (bounds := self._bounds(name))}
        stats = {
            "numRecords": self.rows,
            "minValues": {name: low for name, (low, _) in bounds.items()},
            "maxValues": {name: high for name, (_, high) in bounds.items()},
        }
        return DataFile(
            path=self.key,
            size=self.bytes,
            partition_values=self.values,
            modification_time=int(time.time() * 1000),
            data_change=data_change,
            stats=json.dumps(stats),
        )

    def _bounds(self, column: str) -> tuple[Any, Any] | None:
        """The bounds of a column of texts or whole numbers; None if they are not known."""
        (metadata,) = self.written
        if column not in metadata.schema.names:
            return None
        at = metadata.schema.names.index(column)
        groups = (metadata.row_group(group) for group in range(metadata.num_row_groups))
        told = [group.column(at).statistics for group in groups]
        if not all(each is not None and each.has_min_max for each in told):
            return None
        low, high = min(each.min for each in told), max(each.max for each in told)
        return (low, high) if isinstance(low, str | int) else None


@dataclass
class Appending:
    """Rows for one table that are written to files of its partitions. `schema` is that of the rows;
    files are closed when they have `target_bytes`.
    """

    table: Table
    place: Location
    schema: pa.Schema
    target_bytes: int = TARGET_BYTES
    _open: dict[tuple[str, ...], _File] = field(default_factory=dict)
    _closed: list[_File] = field(default_factory=list)
    _is_handed_over: bool = False

    def add(self, rows: pa.Table) -> None:
        """Write some rows, each to the file of its partition."""
        with self._faults_told():
            for values, part in self._parts(rows):
                self._write(values, part)

    def add_again(self, values: tuple[str, ...], keys: Iterable[str]) -> None:
        """Write once more what some files of a partition hold, together; columns that a file does
        not have are null.
        """
        with self._faults_told():
            inside = self._inside()
            rows = (_in_schema(rows, inside) for key in keys for rows in self._row_groups(key))
            for part in _gathered(rows):
                self._write(values, part)

    def _write(self, values: tuple[str, ...], rows: pa.Table) -> None:
        most_open = _MOST_OPEN if isinstance(self.place, Path) else _MOST_OPEN_IN_BUCKET
        file = self._open.pop(values, None) or self._new(values)
        self._open[values] = file
        file.write(rows)
        if file.sink.tell() >= self.target_bytes:
            self._close(values)
        elif len(self._open) > most_open:
            self._close(next(iter(self._open)))

    def actions(self, *, data_change: bool = True) -> list[DataFile]:
        """What a commit has to say of all that was written, and whether it changes what the table
        holds; nothing can be added after.
        """
        with self._faults_told():
            for values in list(self._open):
                self._close(values)
        self._is_handed_over = True
        key = self.table.key
        return [file.action(bounded=key, data_change=data_change) for file in self._closed]

    def read(self) -> Iterator[pa.Table]:
        """What was written, some rows at a time, when `actions` were asked for."""
        for file in self._closed:
            for rows in self._row_groups(file.key):
                whole = rows
                for name, value in file.values.items():
                    column = pa.repeat(pa.scalar(value), rows.num_rows)
                    whole = whole.append_column(name, column)
                yield whole.select(self.schema.names).cast(self.schema)

    def discard(self) -> None:
        """Delete what was written, unless a commit was told of it: one that was refused may be in
        all the same, where only its answer was lost. What cannot be deleted is left to vacuum.
        """
        for file in [*self._open.values(), *self._closed]:
            # Arrow asks a file for its metadata, also one whose end could not be written.
            with suppress(BaseError, OSError, RuntimeError):
                file.close()
            if not self._is_handed_over:
                with suppress(BaseError, OSError):
                    self._delete(file.key)

    @contextmanager
    def _faults_told(self) -> Iterator[None]:
        try:
            yield
        except (BaseError, OSError) as error:
            told = fault(self.place, error)
            raise LakeError(f"cannot write table {self.table.name} of {told}") from error

    def _parts(self, rows: pa.Table) -> Iterator[tuple[tuple[str, ...], pa.Table]]:
        """The rows by partition, without the partition's columns."""
        keys = self.table.partition_by
        number = np.zeros(rows.num_rows, np.int64)
        for key in keys:
            codes = rows[key].combine_chunks().dictionary_encode()
            number = number * len(codes.dictionary) + codes.indices.to_numpy()
        inside = rows.drop_columns(list(keys))
        for each in np.unique(number):
            places = np.flatnonzero(number == each)
            values = tuple(str(rows[key][int(places[0])]) for key in keys)
            yield values, rows_at(inside, places)

    def _new(self, values: tuple[str, ...]) -> _File:
        named = dict(zip(self.table.partition_by, values, strict=True))
        folders = [f"{key}={value}" for key, value in named.items()]
        key = "/".join([*folders, f"part-{uuid.uuid4()}.zstd.parquet"])
        inside = self._inside()
        repeating = [name for name in inside.names if name not in UNIQUE]
        sink = self._sink(key)
        written: list[pq.FileMetaData] = []
        parquet = pq.ParquetWriter(
            sink,
            inside,
            metadata_collector=written,
            compression="zstd",
            compression_level=1,
            use_dictionary=repeating,
            write_statistics=repeating,
            store_schema=False,
        )
        return _File(key, named, sink, parquet, written)

    def _inside(self) -> pa.Schema:
        """The columns of a file: those of a partition are in its folder's name."""
        return pa.schema([f for f in self.schema if f.name not in self.table.partition_by])

    def _row_groups(self, key: str) -> Iterator[pa.Table]:
        with self._source(key) as source, pq.ParquetFile(source) as parquet:
            for group in range(parquet.num_row_groups):
                yield parquet.read_row_group(group)

    def _close(self, values: tuple[str, ...]) -> None:
        self._open[values].close()
        self._closed.append(self._open.pop(values))

    def _sink(self, key: str) -> pa.NativeFile:
        place = self.place / key
        if isinstance(place, Path):
            place.parent.mkdir(parents=True, exist_ok=True)
            return pa.OSFile(str(place), "wb")
        return pa.PythonFile(ObjectSink(place), "w")

    def _source(self, key: str) -> pa.NativeFile:
        place = self.place / key
        if isinstance(place, Path):
            return pa.memory_map(str(place))
        bytes_ = obstore.get(store(place.scheme, place.bucket), place.key).bytes()
        return pa.BufferReader(pa.py_buffer(bytes_))

    def _delete(self, key: str) -> None:
        place = self.place / key
        if isinstance(place, Path):
            place.unlink(missing_ok=True)
        else:
            obstore.delete(store(place.scheme, place.bucket), place.key)


def removing(key: str, bytes_: int, values: Mapping[str, str]) -> RemoveAction:
    """What a commit has to say of a file of a partition that goes, as its rows are in another."""
    return RemoveAction(
        path=key,
        data_change=False,
        deletion_timestamp=int(time.time() * 1000),
        size=bytes_,
        partition_values=dict(values),
    )


def _in_schema(rows: pa.Table, schema: pa.Schema) -> pa.Table:
    there = rows.column_names
    columns = [
        rows[f.name].cast(f.type) if f.name in there else pa.nulls(rows.num_rows, f.type)
        for f in schema
    ]
    return pa.table(columns, schema)


def _gathered(parts: Iterable[pa.Table]) -> Iterator[pa.Table]:
    """The same rows, those of a row group together."""
    waiting: list[pa.Table] = []
    rows = bytes_ = 0
    for part in parts:
        waiting.append(part)
        rows, bytes_ = rows + part.num_rows, bytes_ + part.nbytes
        if rows >= ROW_GROUP or bytes_ >= _GATHERED:
            joined = pa.concat_tables(waiting)
            yield joined.slice(0, ROW_GROUP)
            waiting = [joined.slice(ROW_GROUP)]
            rows, bytes_ = waiting[0].num_rows, waiting[0].nbytes
    if rows:
        yield pa.concat_tables(waiting)
