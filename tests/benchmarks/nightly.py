"""The nightly run, roll-ups and detectors, of one new day, against a full rebuild.

The rebuild is the same command on the same lake before the new day came: 30 days, nothing rolled
up or judged yet. Ingest is not in either.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from cost import cost, nhiwatch, script
from row import Row

MOST = 0.1
"""Of a rebuild's seconds."""


def measure(work: Path, *, quick: bool) -> list[Row]:
    lake = work / "lake"
    size = ("--events", 250_000 if quick else 10_000_000)
    events = int(cost(script("nightly_lake.py", "history", lake, *size)).said)
    # As the runs that brought these days would have left it.
    cost(nhiwatch("compact", "--lake", lake, "--json"))
    detect = nhiwatch("detect", "--lake", lake, "--json")
    rebuild = cost(detect)
    more = int(cost(script("nightly_lake.py", "day", lake, *size)).said)
    new_day = cost(detect)
    shutil.rmtree(lake)
    share = new_day.seconds / rebuild.seconds
    found = {
        name: json.loads(run.said)["findings"] for name, run in (("all", rebuild), ("new", new_day))
    }
    return [
        Row(
            what=f"rebuild 30 days, {events:,} events",
            cost=rebuild,
            figure=f"{found['all']:,} findings",
        ),
        Row(
            what=f"… one new day, {more:,} events",
            cost=new_day,
            figure=f"{share:.1%} of the rebuild, {found['new']:,} findings",
            bar=f"{MOST:.0%}",
            holds=share < MOST,
        ),
    ]
