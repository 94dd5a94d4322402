"""How long the command takes before it does anything."""

from __future__ import annotations

import shutil
from pathlib import Path

from cost import cost, median, nhiwatch, script
from row import Row

MOST_SECONDS = 1.5


def measure(work: Path, *, quick: bool) -> list[Row]:
    logs, lake = work / "small", work / "lake"
    cost(script("logs.py", "small", logs, "--files", 1))
    cost(nhiwatch("ingest", logs, "--lake", lake, "--json"))
    commands = {
        "`nhiwatch --help`": nhiwatch("--help"),
        "`nhiwatch sql 'select 1'`": nhiwatch("sql", "select 1", "--lake", lake),
        "`nhiwatch ingest`, nothing new": nhiwatch("ingest", logs, "--lake", lake, "--json"),
    }
    rows = []
    for what, command in commands.items():
        taken = median([cost(command) for _ in range(3 if quick else 7)])
        rows.append(
            Row(
                what=what,
                cost=taken,
                figure=f"{taken.seconds:.2f} s",
                bar=f"{MOST_SECONDS} s",
                holds=taken.seconds < MOST_SECONDS,
            )
        )
    for folder in (logs, lake):
        shutil.rmtree(folder)
    return rows
