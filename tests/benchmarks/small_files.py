"""Files a second: many small ones, as quiet accounts' trails deliver them every few minutes."""

from __future__ import annotations

import shutil
from pathlib import Path

from cost import cost, nhiwatch, script
from row import Row

MOST_SECONDS = 10
"""For 4,000 files of 2 KB."""


def measure(work: Path, *, quick: bool) -> list[Row]:
    logs, lake = work / "small", work / "lake"
    files = 400 if quick else 4_000
    cost(script("logs.py", "small", logs, "--files", files, "--bytes", 2_000))
    first = cost(nhiwatch("ingest", logs, "--lake", lake, "--json"))
    again = cost(nhiwatch("ingest", logs, "--lake", lake, "--json"))
    for folder in (logs, lake):
        shutil.rmtree(folder)
    return [
        Row(
            what=f"ingest {files:,} files of 2 KB",
            cost=first,
            figure=f"{files / first.seconds:,.0f} files/s",
            bar=f"{MOST_SECONDS} s",
            holds=None if quick else first.seconds < MOST_SECONDS,
        ),
        Row(
            what="… the same again: nothing new",
            cost=again,
            figure=f"{files / again.seconds:,.0f} files/s",
        ),
    ]
