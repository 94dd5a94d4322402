"""How a table of the lake is kept: small files merged, unused ones deleted, its log kept short."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime, timezone
from pathlib import Path

import obstore
import polars as pl
import pyarrow as pa
from deltalake.exceptions import CommitFailedError
from deltalake.transaction import AddAction, RemoveAction
from obstore.exceptions import BaseError

from pipeline.appending import Appending, removing
from pipeline.buckets import fault, store
from pipeline.errors import LakeError
from pipeline.lake import CHECKPOINT_INTERVAL, Lake, data_files
from pipeline.schemas import TABLES

_AT_ONCE = 32
"""Partitions that are compacted in one commit."""
_LONGEST_WRITE_HOURS = 24
_KEPT = "upkeep"
"""The queue whose last turn is the hour, since 1970, in which `keep_log` was done."""
_LONG_LOG = 5_000
"""Files, those that were replaced too, that the log of a table names, from where it is long."""
_CHECKPOINT_INTERVAL_OF_LONG = "100"
"""A checkpoint names every file anew: of a long log each tenth would be gigabytes a day."""


def compact(lake: Lake, name: str, partitions: pl.DataFrame, *, target_bytes: int) -> None:
    """Merge small files of some partitions of a table into files of up to `target_bytes`; safe
    beside readers and writers. `partitions` has the partition columns, and `below`: files of fewer
    bytes are merged.

    Fails with `ConcurrentWriteError`, and leaves the rest as it is, if somebody changed rows of
    these partitions, or compacted the table, meanwhile.
    """
    rows = partitions.select(*TABLES[name].partition_by, "below").rows()
    some = [(tuple(map(str, values)), below) for *values, below in rows]
    for start in range(0, len(some), _AT_ONCE):
        _compact(lake, name, some[start : start + _AT_ONCE], target_bytes=target_bytes)


def _compact(
    lake: Lake, name: str, partitions: Sequence[tuple[tuple[str, ...], int]], *, target_bytes: int
) -> None:
    # Not by delta-rs's own compaction: it takes no turn, and of two at once that merge the same
    # files both are let in, with every row there twice.
    spec, turn = TABLES[name], lake.next_turn(name, "compact")
    table = lake.table(name, version=turn.version)
    assert table is not None
    schema = pa.schema(table.schema().to_arrow())
    rows = Appending(spec, lake.location / name, schema, target_bytes)
    files = data_files(spec, table)
    merged: list[AddAction | RemoveAction] = []
    try:
        for values, below in partitions:
            named = dict(zip(spec.partition_by, values, strict=True))
            is_there = [pl.col(key).cast(pl.String) == value for key, value in named.items()]
            small = files.filter(*is_there, pl.col("bytes") < below)
            if small.height > 1:
                rows.add_again(values, small["path"])
                merged += [
                    removing(path, bytes_, named)
                    for path, bytes_ in small.select("path", "bytes").rows()
                ]
        if merged:
            actions = [*rows.actions(data_change=False), *merged]
            lake.change_files(name, actions, turn=turn, beside_appends=True)
    finally:
        rows.discard()


def last_kept(lake: Lake, name: str) -> datetime | None:
    """When `keep_log` was last done for a table, or the table was made; None if it is not there
    yet.
    """
    table = lake.table(name)
    if table is None:
        return None
    hour = table.transaction_version(_KEPT)
    made = (table.metadata().created_time or 0) / 1000
    return datetime.fromtimestamp(made if hour is None else hour * 3600, timezone.utc)


def keep_log(lake: Lake, name: str, *, keep_hours: int, now: datetime) -> None:
    """Have the log of a table go back for `keep_hours`, a day at the least, and be read from
    checkpoints that are the rarer the more they name.
    """
    # What vacuum has deleted needs no log; what it may not delete yet is told by the log alone.
    hours = f"interval {max(keep_hours, _LONGEST_WRITE_HOURS)} hours"
    is_long = _named_by_checkpoint(lake, name) > _LONG_LOG
    properties = {
        "delta.logRetentionDuration": hours,
        "delta.deletedFileRetentionDuration": hours,
        "delta.checkpointInterval": (
            _CHECKPOINT_INTERVAL_OF_LONG if is_long else CHECKPOINT_INTERVAL
        ),
    }
    lake.set_properties(name, properties, queue=_KEPT, number=int(now.timestamp()) // 3600)


def _named_by_checkpoint(lake: Lake, name: str) -> int:
    """How many files the last checkpoint of a table names, those that were replaced too."""
    place = lake.location / name / "_delta_log" / "_last_checkpoint"
    try:
        if isinstance(place, Path):
            told = place.read_bytes()
        else:
            told = bytes(obstore.get(store(place.scheme, place.bucket), place.key).bytes())
    except FileNotFoundError:
        return 0
    except (BaseError, OSError) as error:
        raise LakeError(f"cannot read table {name} of {fault(place, error)}") from error
    return int(json.loads(told)["size"])


def vacuum(lake: Lake, name: str, *, keep_hours: int) -> int:
    """Delete files no longer part of the table and older than `keep_hours`; returns how many.

    Leftovers of killed writers go too, unless `keep_hours` is so short that they may be of one that
    is still at work.
    """
    table = lake.table(name)
    if table is None:
        return 0
    try:
        with lake.faults_told(name):
            deleted = table.vacuum(
                retention_hours=keep_hours,
                dry_run=False,
                enforce_retention_duration=False,
                full=keep_hours >= _LONGEST_WRITE_HOURS,
            )
    except CommitFailedError:
        # Somebody rewrote the table meanwhile: the rest is for the next time.
        return 0
    return len(deleted)
