"""Logs that grow: a folder of them, a lake, who follows, and what is in the lake then."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from builders.stored import rows
from pipeline.following import Follower
from pipeline.ingest import Summary, Way, ingest
from pipeline.lake import Lake

START = datetime(2026, 10, 1, tzinfo=timezone.utc)
SETTLE, GIVE_UP = 5, 600
"""Seconds that a file has to rest, and after which it is read as it is."""
NOTHING = (0, 0, 0, 0)
"""What `brought` says of a look or an ingest that found nothing."""


def bring(lake: Lake, *paths: Path | str, **options: Any) -> Summary:
    return ingest(lake, paths, **{"now": START, "run_id": "r", **options})


def told(lake: Lake) -> list[tuple[Any, ...]]:
    """Name, records, events, duplicates and rejects of each file."""
    sql = "select source_file, records, events, duplicates, rejects from ingests order by all"
    return [(Path(path).name, *counts) for path, *counts in rows(lake, sql)]


def brought(summary: Summary) -> tuple[int, int, int, int]:
    return summary.files, summary.events, summary.duplicates, summary.rejects


def event_numbers(lake: Lake) -> list[int]:
    """The numbers of all events, as often as they are there."""
    return sorted(int(id_[6:]) for (id_,) in rows(lake, "select event_id from events"))


@dataclass
class World:
    """A folder, a lake, a follower and a clock that stands until it is moved."""

    folder: Path
    lake: Lake
    now: datetime = START
    log: Path = field(init=False)
    follower: Follower = field(init=False)

    def __post_init__(self) -> None:
        self.folder.mkdir()
        self.log = self.folder / "app.log"
        self.follower = self.new_follower(self.lake)

    def new_follower(self, lake: Lake, *paths: Path) -> Follower:
        return Follower(
            way=Way(lake=lake, run_id="f"),
            paths=[str(path) for path in paths or (self.folder,)],
            lookback_days=2,
            settle=timedelta(seconds=SETTLE),
            give_up=timedelta(seconds=GIVE_UP),
        )

    def look(self, *, after: float = 1) -> tuple[int, int, int, int]:
        """What a look brings so many seconds later: files, events, duplicates, rejects."""
        self.now += timedelta(seconds=after)
        return brought(self.follower.look(now=self.now).summary)

    def write(self, data: bytes, name: str = "app.log", *, mode: str = "ab") -> Path:
        path = self.folder / name
        with path.open(mode) as file:
            file.write(data)
        os.utime(path, (self.now.timestamp(),) * 2)
        return path
