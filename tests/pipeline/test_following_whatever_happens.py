"""A log is written, rotated, read by who is killed, in any order: each event is there once."""

from __future__ import annotations

import gzip
import os
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from builders.cloudtrail import lines
from builders.growing import (
    GIVE_UP,
    NOTHING,
    SETTLE,
    World,
    bring,
    event_numbers,
    rows,
)
from builders.processes import KilledError
from pipeline.lake import Lake


class MortalLake(Lake):
    """A lake whose process is killed before one of its commits."""

    lives: list[int]

    def _committed(self, *args: Any, **options: Any) -> int:
        self.lives[0] -= 1
        if self.lives[0] < 0:
            raise KilledError
        return super()._committed(*args, **options)


def mortal(lake: Lake, commits: int) -> Lake:
    made = MortalLake(lake.location)
    object.__setattr__(made, "lives", [commits])
    return made


@dataclass
class Writer:
    """Writes app.log and rotates it, as applications and logrotate do."""

    world: World
    number: int = 0
    half: bytes = b""

    def append(self, count: int) -> None:
        numbers = range(self.number, self.number + count)
        self.number += count
        self.world.write(self.half + lines(*numbers))
        self.half = b""

    def begin(self, cut: int) -> None:
        """Write the beginning of a line, not of the first one: a file of half a line is no log."""
        self.append(0 if self._holds_anything() else 1)
        line = lines(self.number)
        self.number += 1
        self.world.write(line[:cut])
        self.half = line[cut:]

    def rename(self) -> None:
        if self._holds_anything():
            self._shift()
            self.world.log.rename(self.world.folder / "app.log.1")

    def copy(self) -> None:
        """Copy and truncate."""
        if self._holds_anything():
            self._shift()
            self.world.write(self.world.log.read_bytes(), "app.log.1")
            self.world.write(b"", mode="wb")

    def compress(self) -> None:
        rotated = self.world.folder / "app.log.1"
        if rotated.exists():
            self.world.write(gzip.compress(rotated.read_bytes()), "app.log.1.gz")
            rotated.unlink()

    def _holds_anything(self) -> bool:
        return self.world.log.exists() and self.world.log.stat().st_size > 0

    def _shift(self) -> None:
        """End the line that is begun, and make room for app.log.1."""
        self.append(0)
        for n in range(len(list(self.world.folder.iterdir())), 0, -1):
            for suffix in ("", ".gz"):
                old = self.world.folder / f"app.log.{n}{suffix}"
                if old.exists():
                    old.rename(self.world.folder / f"app.log.{n + 1}{suffix}")


OPERATIONS = st.one_of(
    st.tuples(st.just("append"), st.integers(1, 4)),
    st.tuples(st.just("begin"), st.integers(1, 400)),
    st.tuples(st.sampled_from(["rename", "copy", "compress"])),
    st.tuples(st.just("look"), st.sampled_from([1, SETTLE + 1, GIVE_UP + 1])),
    st.tuples(st.just("killed look"), st.integers(0, 5)),
    st.tuples(st.just("ingest")),
)


def happens(world: World, operations: list[tuple[Any, ...]]) -> None:
    """Operations one after the other, then all that is written is whole and looked at."""
    writer = Writer(world)
    for name, *args in operations:
        if name == "look":
            world.look(after=args[0])
        elif name == "killed look":
            world.now += timedelta(seconds=1)
            with suppress(KilledError):
                world.new_follower(mortal(world.lake, args[0])).look(now=world.now)
            world.follower = world.new_follower(world.lake)
        elif name == "ingest" and all(file.stat().st_size for file in world.folder.iterdir()):
            bring(world.lake, world.folder)
        elif name != "ingest":
            getattr(writer, name)(*args)
    writer.append(1)
    world.look()
    world.look(after=SETTLE + 1)
    assert event_numbers(world.lake) == list(range(writer.number))
    counted = "select sum(events), sum(duplicates), sum(rejects), sum(records) from ingests"
    assert rows(world.lake, counted) == [(writer.number, 0, 0, writer.number)]
    assert rows(world.lake, "select * from rejects") == []
    assert world.look(after=GIVE_UP) == NOTHING


@pytest.mark.parametrize(
    "rotated",
    [
        [("rename",)],
        [("copy",)],
        [("rename",), ("compress",)],
        [("append", 2), ("rename",), ("append", 1)],
        [("copy",), ("append", 1), ("killed look", 1), ("rename",)],
    ],
)
@pytest.mark.parametrize("commits", [1, 2])
def test_what_a_killed_ingest_landed_is_of_its_log_whatever_that_is_called_then(
    world: World, rotated: list[tuple[Any, ...]], commits: int
) -> None:
    happens(world, [("append", 2), ("killed look", commits), *rotated])


@settings(
    max_examples=int(os.environ.get("FOLLOWING_EXAMPLES", "3")),
    phases=[Phase.explicit, Phase.reuse, Phase.generate],  # to shrink would take minutes
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(st.lists(OPERATIONS, min_size=4, max_size=10))
def test_whatever_happens_each_event_is_there_once_and_the_counts_are_true(
    tmp_path_factory: pytest.TempPathFactory, operations: list[tuple[Any, ...]]
) -> None:
    place = tmp_path_factory.mktemp("world")
    happens(World(place / "in", Lake(place / "lake")), operations)
