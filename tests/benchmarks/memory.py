"""The memory that an ingest takes: by the size of one file, and by the number of events.

A file of one JSON value is the hard case: nothing in it says where it may be cut. The bar is the
setting memory_limit (1 GiB by default), for the whole process.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

from cost import cost, nhiwatch, script
from row import Row

LIMIT = 1 << 30
MB = 10**6


def measure(work: Path, *, quick: bool) -> Iterator[Row]:
    sizes = [50 * MB, 200 * MB] if quick else [250 * MB, 500 * MB, 1000 * MB, 2000 * MB]
    largest = sizes[-1]
    for size in sizes:
        yield _one_file(work, "records", size)
    yield _one_file(work, "array", largest)
    yield _many_events(work, 200_000 if quick else 10_000_000)


def _one_file(work: Path, form: str, size: int) -> Row:
    log = work / f"{form}.json"
    cost(script("logs.py", form, log, "--bytes", size))
    name = '`{"Records": [...]}`' if form == "records" else "array"
    row = _ingested(work, log, f"ingest one {name} of {size // MB:,} MB")
    log.unlink()
    return row


def _many_events(work: Path, events: int) -> Row:
    logs = work / "days"
    cost(script("logs.py", "days", logs, "--events", events))
    row = _ingested(work, logs, f"ingest {events:,} events in one command")
    shutil.rmtree(logs)
    return row


def _ingested(work: Path, logs: Path, what: str) -> Row:
    lake = work / "lake"
    taken = cost(nhiwatch("ingest", logs, "--lake", lake, "--json"))
    shutil.rmtree(lake)
    events = json.loads(taken.said)["events"]
    return Row(
        what=what,
        cost=taken,
        figure=f"{events:,} events, {events / taken.seconds:,.0f}/s",
        bar="1,074 MB",
        holds=taken.peak_bytes <= LIMIT,
    )
