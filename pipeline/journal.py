"""The journal: each commit of `events` tells what it means for the files that its events are of.

What an ingest or a replay lands goes into three tables, and there is no commit of all three. So the
commit of `events` is the one that counts. It carries, in the log of that table, what `rejects` and
`ingests` have to say from then on; these follow at once (`pipeline.booking`), or, if the process
was killed in between, before the next one begins. A commit of no events carries it as well.
"""

from __future__ import annotations

import json
import uuid
import zlib
from base64 import b64decode, b64encode
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import polars as pl

from pipeline.appending import DataFile
from pipeline.lake import Lake
from pipeline.schemas import INGESTS, REJECTS, Column, Table

KEY = "nhiwatch.landing"
"""What a landing is called in the log of `events`."""

ANEW, FURTHER, COPY, REPLAY, GROWN = "anew", "further", "copy", "replay", "grown"
"""What a reading is of: of a file from its beginning; of what came after the reading before; of
none of it, since another file with its content was read; of some of its rejects; of what it was
before it grew to something else.
"""

READINGS = Table(
    name="readings",
    meaning="What was read of files, as `ingests` has it, with the counts of this reading alone.",
    key=INGESTS.key,
    columns=(
        Column("kind", "VARCHAR", "What the reading is of"),
        Column("first_index", "BIGINT", "Its first record; -1 if all that was told is void"),
        *INGESTS.columns,
    ),
)


def no_rejects() -> pl.DataFrame:
    """The keys of no rejects."""
    return REJECTS.frame([]).select(REJECTS.key)


@dataclass(frozen=True)
class Landing:
    """What a commit of `events` tells: `readings` of files, the data files of `rejects` that come
    with it, and the keys of those that are none any more, if a reading does not tell so by itself.
    """

    readings: pl.DataFrame = field(default_factory=lambda: READINGS.frame([]))
    rejects: tuple[DataFile, ...] = ()
    resolved: pl.DataFrame = field(default_factory=no_rejects)
    id: str = field(default_factory=lambda: uuid.uuid4().hex)

    def told(self) -> dict[str, str]:
        """What the log is to say; compressed, for a commit may tell of very many files."""
        whole = {
            "id": self.id,
            "readings": self.readings.write_json(),
            "resolved": self.resolved.write_json(),
            "rejects": [asdict(file) for file in self.rejects],
        }
        return {KEY: b64encode(zlib.compress(json.dumps(whole).encode())).decode()}


def landings(lake: Lake, *, after: int, until: int | None = None) -> Iterator[tuple[int, Landing]]:
    """The landings since a version of `events`, up to one (the last, if None), oldest first, each
    with its version.
    """
    for version, told in lake.told("events", KEY, after=after, until=until):
        yield version, _landing(json.loads(zlib.decompress(b64decode(told))))


def _landing(whole: Mapping[str, Any]) -> Landing:
    return Landing(
        _frame(whole["readings"], READINGS.frame([]).schema),
        tuple(DataFile(**file) for file in whole["rejects"]),
        _frame(whole["resolved"], no_rejects().schema),
        whole["id"],
    )


def _frame(rows: str, schema: Mapping[str, Any]) -> pl.DataFrame:
    return pl.read_json(rows.encode(), schema=schema)
