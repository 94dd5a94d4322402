"""What an hourly ingest costs by how many files the lake knows already: a year of small objects.

The accounts of a year's files are appended in bulk (`known_lake.py`); then come ten files of 2 KB
that are new, and the same ten again.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

from cost import Cost, cost, median, nhiwatch, script
from row import Row

MOST_BYTES = 1 << 30
"""The default memory_limit."""
ROUNDS = 3


def measure(work: Path, *, quick: bool) -> Iterator[Row]:
    for files in (15_000,) if quick else (15_000, 150_000, 1_500_000):
        lake = work / "lake"
        cost(script("known_lake.py", lake, "--files", files))
        new, again = _hours(work, lake, rounds=1 if quick else ROUNDS)
        yield _row(f"ingest 10 files of 2 KB where {files:,} are known", new)
        yield _row("… the same again: nothing new", again)
        shutil.rmtree(lake)


def _hours(work: Path, lake: Path, *, rounds: int) -> tuple[Cost, Cost]:
    """Of so many hours, each with files of its own."""
    new, again = [], []
    logs = work / "hours"
    cost(script("logs.py", "small", logs, "--files", 10 * (rounds + 1)))
    for hour in range(rounds + 1):
        files = [logs / f"{number}.json" for number in range(10 * hour, 10 * (hour + 1))]
        command = nhiwatch("ingest", *files, "--lake", lake, "--json")
        new.append(cost(command))
        again.append(cost(command))
    shutil.rmtree(logs)
    # The first makes the tables.
    return median(new[1:]), median(again[1:])


def _row(what: str, taken: Cost) -> Row:
    return Row(
        what=what,
        cost=taken,
        figure=f"{taken.cpu_seconds:.1f} CPU seconds",
        bar=f"{MOST_BYTES / 1e6:,.0f} MB",
        holds=taken.peak_bytes < MOST_BYTES,
    )
