"""Data files of tables in a bucket, as DuckDB reads them through Arrow: small ones fetched once.

A day of a roll-up is a small file, and to judge a day many SELECTs ask for the days before it. Each
would ask the store again for the end of each file and for the columns it reads. What a data file
holds never changes, so it may be kept.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import pyarrow as pa
from deltalake import DeltaTable
from deltalake.fs import DeltaStorageHandler
from pyarrow.dataset import Dataset
from pyarrow.fs import PyFileSystem

from pipeline.buckets import DELTA_OPTIONS, BucketUrl, object_bytes
from pipeline.errors import NhiwatchError

if TYPE_CHECKING:
    from pipeline.reader import PartitionFilter

_SMALL = 128 << 10
_KEPT = 512
"""Small files that are kept by a process, those that were asked for last: 64 MB at the most."""


def dataset(table: DeltaTable, place: BucketUrl, only: list[PartitionFilter] | None) -> Dataset:
    """The rows of a table that lies at a place, of the partitions alone that fit some filters."""
    actions = pa.table(table.get_add_actions(flatten=True))
    sizes = dict(zip(actions["path"].to_pylist(), actions["size_bytes"].to_pylist(), strict=True))
    files = PyFileSystem(_DataFiles(place, sizes))
    return table.to_pyarrow_dataset(filesystem=files, file_pruning_predicate=only)


class _DataFiles(DeltaStorageHandler):
    def __init__(self, place: BucketUrl, sizes: dict[str, int]) -> None:
        super().__init__(str(place), DELTA_OPTIONS, sizes)
        self._place, self._sizes = place, sizes

    def open_input_file(self, path: str) -> pa.NativeFile:
        size = self._sizes.get(path, _SMALL)
        if size >= _SMALL:
            return super().open_input_file(path)
        try:
            return pa.BufferReader(_fetched(self._place / path, size))
        except NhiwatchError as error:
            # Arrow waits for ever if it is no error of the system's.
            raise OSError(str(error)) from None


@lru_cache(_KEPT)
def _fetched(file: BucketUrl, size: int) -> pa.Buffer:
    return pa.py_buffer(bytes(object_bytes(file, 0, size)))
