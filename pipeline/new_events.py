"""Events on their way into the lake, each once: taken in batch by batch, committed together."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.errors import LakeError
from pipeline.lake import ConcurrentWriteError, Lake, Turn
from pipeline.reader import LakeReader
from pipeline.slicing import rows_at, rows_where

SQL = Path(__file__).parent / "sql"
QUEUE = "ingest"
_ATTEMPTS = 100
_FEW_VALUES = pa.dictionary(pa.int32(), pa.string())
_TOLD = pa.schema(
    [
        ("source", _FEW_VALUES),
        ("event_id", pa.string()),
        ("event_date", pa.date32()),
        ("event_time", pa.timestamp("us", "UTC")),
        ("source_file", _FEW_VALUES),
        ("fingerprint", _FEW_VALUES),
        ("record_index", pa.int64()),
        ("landing", _FEW_VALUES),
    ]
)
"""What is known of an event until it is committed."""

_RECORDS = {"source_file": pl.String, "record_index": pl.Int64}

Tell = Callable[[pl.DataFrame, int], Mapping[str, str] | None]
"""Given what became of the events of each file, if they are committed on a version of `events`,
returns what that commit is to tell; None if it was made already, and only its answer lost.
"""

_IN_LAKE = pa.schema(
    [
        ("event_id", pa.string()),
        ("source_file", pa.string()),
        ("fingerprint", pa.string()),
        ("record_index", pa.int64()),
    ]
)


class NewEvents:
    """Takes in events, and commits those that the lake does not have yet.

    Another process may land the same events at the same time: then this one's commit is refused,
    and it looks again at what is there.
    """

    def __init__(self, lake: Lake) -> None:
        self.lake = lake
        self._taken: list[pa.Table] = []
        self._rows = lake.appending("events")
        self._looking = ExitStack()
        self._look()

    def take(self, source: str, events: pa.Table) -> None:
        """Write a batch of a source's events, to be committed."""
        told = self._with_landing(source, events.select(_TOLD.names[:-1]))
        self._rows.add(rows_where(events, _is_new(told)))
        # A copy: columns that came from DuckDB together are freed together.
        self._taken.append(told.take(_numbers(told)))

    def commit(
        self, rejected: Sequence[tuple[str, int]] = (), *, tell: Tell = lambda *_: {}
    ) -> pl.DataFrame:
        """Commit what is new, and what that is to `tell`; returns per file the events that are
        there through it, those of them that are new, those that another record had brought, and
        their first and last time. Nothing can be taken in after.

        Some of a record may be `rejected`: what of it another had brought is counted when all of it
        is understood, as it is tried as a whole again.
        """
        of_rejects = pl.DataFrame(rejected, schema=_RECORDS, orient="row")
        for _ in range(_ATTEMPTS):
            by_file = _by_file(self._taken, of_rejects)
            told = tell(by_file, self._turn.version)
            try:
                if told is not None:
                    self.lake.commit(self._rows, turn=self._turn, told=told)
            except ConcurrentWriteError:
                self._look_again()
                continue
            self._looking.close()
            return by_file
        raise LakeError(f"{_ATTEMPTS} times another writer was first; try again later")

    def discard(self) -> None:
        """Leave what is not committed."""
        self._looking.close()
        self._rows.discard()

    def _look(self) -> None:
        """From here on compare with what is in the lake now."""
        self._looking.close()
        self._looked_at: set[tuple[str, date]] = set()
        self._turn: Turn = self.lake.next_turn("events", QUEUE)
        self._reader: LakeReader = self._looking.enter_context(
            self.lake.reader(versions={"events": self._turn.version}, tables=["events"])
        )
        self._reader.define("known_ids", "select hash('') as id limit 0")

    def _look_again(self) -> None:
        """Find out what of all that was taken somebody else has committed by now. What was to be a
        copy of an event may be the record that it is there from.
        """
        taken, self._taken = self._taken, []
        self._look()
        gone = []
        for told in taken:
            again = self._with_landing(told["source"][0].as_py(), told.drop_columns("landing"))
            was_new, is_new = _is_new(told), _is_new(again)
            # What was not written is not new now, though the other may be past its retention.
            stays = pc.and_(is_new, pc.invert(was_new))
            self._taken.append(
                pa.concat_tables([rows_where(told, stays), rows_where(again, pc.invert(stays))])
            )
            there = rows_where(told, pc.and_(was_new, pc.invert(is_new)))
            if there.num_rows:
                gone.append(_keys(there))
        if gone:
            self._leave_out(pl.concat(gone))

    def _leave_out(self, gone: pl.DataFrame) -> None:
        """Write what was written once more, without these events."""
        before, self._rows = self._rows, self.lake.appending("events")
        for rows in before.read():
            keys = _keys(rows).with_row_index("row")
            left = keys.join(gone, on=gone.columns, how="anti", maintain_order="left")
            self._rows.add(rows_at(rows, left["row"].cast(pl.Int64).to_numpy()))

    def _with_landing(self, source: str, arrived: pa.Table) -> pa.Table:
        """The rows with the column `landing`, as `landing.sql` says."""
        self._reader.define("arrived", arrived.append_column("row_index", _numbers(arrived)))
        self._reader.define("in_lake", self._in_lake(source, arrived))
        self._reader.define("taken", pa.concat_tables([_TOLD.empty_table(), *self._taken]))
        landing = self._reader.arrow(SQL / "landing.sql", {"source": source})["landing"]
        return arrived.append_column("landing", landing).cast(_TOLD)

    def _in_lake(self, source: str, arrived: pa.Table) -> pa.Table:
        """The arrived events that the lake has, each with the record that brought it."""
        period = period_of(source, arrived)
        days = {(source, day) for day in pc.unique(arrived["event_date"]).to_pylist()}
        if new := days - self._looked_at:
            params = {**period, "days": [day for _, day in new]}
            self._reader.define("known_ids", SQL / "known_ids.sql", params)
            self._looked_at |= new
        likely = self._reader.arrow(SQL / "likely.sql")
        if likely.num_rows == 0:
            return _IN_LAKE.empty_table()
        self._reader.define("likely", likely)
        return self._reader.arrow(SQL / "in_lake.sql", period)


def period_of(source: str, events: pa.Table) -> dict[str, Any]:
    """The parameters $source, $first_day and $last_day of some events of a source."""
    days = pc.min_max(events["event_date"]).as_py()
    return {"source": source, "first_day": days["min"], "last_day": days["max"]}


def _keys(rows: pa.Table) -> pl.DataFrame:
    return pl.DataFrame(rows.select(["source", "event_id"])).cast(pl.String)


def _numbers(rows: pa.Table) -> pa.Array:
    return pa.array(np.arange(rows.num_rows))


def _is_new(told: pa.Table) -> pa.ChunkedArray:
    return pc.equal(told["landing"], "new")


def _by_file(taken: list[pa.Table], rejected: pl.DataFrame) -> pl.DataFrame:
    # Part by part: a file's name is there once in each, and the rows are many.
    columns = [*_RECORDS, "event_time", "landing"]
    parts = [pl.DataFrame(part.select(columns)) for part in (_TOLD.empty_table(), *taken)]
    is_copy = pl.col("landing") == "duplicate"
    time = pl.col("event_time")
    told = (
        part.group_by("source_file")
        .agg(
            events=(~is_copy).sum(),
            new=(pl.col("landing") == "new").sum(),
            first_event_at=time.min(),
            last_event_at=time.max(),
        )
        .cast({"source_file": pl.String})
        for part in parts
    )
    copies = _records(parts, is_copy).join(rejected, on=list(_RECORDS), how="anti")
    duplicates = copies.group_by("source_file").agg(duplicates=pl.len())
    return (
        pl.concat([*told, duplicates], how="diagonal")
        .group_by("source_file")
        .agg(
            pl.sum("events", "duplicates", "new"),
            pl.min("first_event_at"),
            pl.max("last_event_at"),
        )
    )


def _records(parts: list[pl.DataFrame], which: pl.Expr) -> pl.DataFrame:
    """The records of some of the events, a row an event."""
    return pl.concat(
        part.filter(which).select(*_RECORDS).cast({"source_file": pl.String}) for part in parts
    )
