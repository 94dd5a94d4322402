"""`nhiwatch ingest --follow`: its process, its end, its row among the runs."""

from __future__ import annotations

import gzip
import json
import os
import signal
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from builders.cloudtrail import lines
from builders.growing import (
    START,
    World,
    event_numbers,
    rows,
)
from pipeline.lake import Lake
from pipeline.runs import Book, Journal


class Following:
    """A process of `nhiwatch ingest --follow`, told in lines of JSON."""

    def __init__(self, world: World) -> None:
        command = [sys.executable, "-m", "pipeline", "ingest", str(world.folder), "--follow"]
        command += ["--every", "0.2", "--json", "--lake", str(world.lake.location)]
        env = {**os.environ, "NHIWATCH_SETTLE_SECONDS": "0.5"}
        # As from a shell, though these tests may run with nohup.
        hang_up = signal.signal(signal.SIGHUP, signal.SIG_DFL)
        self.process = subprocess.Popen(
            command, env=env, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        signal.signal(signal.SIGHUP, hang_up)
        assert self.process.stderr is not None
        assert "a look every 0.2 s" in self.process.stderr.readline()

    def brings(self, events: int) -> None:
        """Read what it tells until it has brought so many events more."""
        assert self.process.stdout is not None
        while events > 0:
            told = json.loads(self.process.stdout.readline())
            assert (told["duplicates"], told["rejects"]) == (0, 0)
            events -= told["events"]
        assert events == 0

    def ends(self, number: signal.Signals) -> tuple[int, str]:
        """Its exit status after a signal, and what it still says."""
        self.process.send_signal(number)
        _, said = self.process.communicate(timeout=60)
        return self.process.returncode, said


def append(path: Path, data: bytes) -> None:
    with path.open("ab") as file:
        file.write(data)


def test_the_command_follows_until_it_is_asked_to_end_and_goes_on_after_a_kill(
    world: World,
) -> None:
    append(world.log, lines(0, 1))
    first = Following(world)
    first.brings(2)
    append(world.log, lines(2) + lines(3)[:70])
    first.brings(1)
    append(world.log, lines(3)[70:])
    world.log.rename(world.folder / "app.log.1")
    append(world.log, lines(4))
    first.brings(2)
    packed = gzip.compress(lines(*range(10, 40)))
    append(world.folder / "b.json.gz", packed[:100])
    append(world.log, lines(5))
    first.brings(1)
    append(world.folder / "b.json.gz", packed[100:])
    first.brings(30)
    append(world.log, lines(6))
    assert first.ends(signal.SIGKILL)[0] == -signal.SIGKILL
    append(world.log, lines(7))
    second = Following(world)
    append(world.log, lines(8))
    status, said = second.ends(signal.SIGTERM)
    assert status == 0
    assert "Traceback" not in said
    world.look()
    assert event_numbers(world.lake) == [*range(9), *range(10, 40)]
    counted = "select sum(events), sum(duplicates), sum(rejects) from ingests"
    assert rows(world.lake, counted) == [(39, 0, 0)]


def test_the_row_of_a_follower_is_written_once_a_minute_and_when_it_ends(lake: Lake) -> None:
    book = Book(lake=lake, command="follow", run_id="f", started_at=START, goes_on=True)
    journal, told = Journal(book=book), []
    for seconds, events in [(0, 1), (10, 2), (59, None), (60, None), (70, 3), (75, None)]:
        summary = None if events is None else {"events": events}
        journal.tell(summary, now=START + timedelta(seconds=seconds))
        told.append(events_in_the_book(lake))
    journal.close(now=START + timedelta(seconds=80))
    assert [*told, events_in_the_book(lake)] == [1, 1, 1, 2, 2, 2, 3]
    version = lake.versions()["runs"]
    journal.tell(None, now=START + timedelta(seconds=200))
    journal.close(now=START + timedelta(seconds=300))
    assert lake.versions()["runs"] == version


def events_in_the_book(lake: Lake) -> int:
    with lake.reader(tables=["runs"]) as reader:
        (summary,) = reader.columns("runs", ["summary"])["summary"]
    return int(json.loads(summary)["events"])


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_follower_that_is_asked_to_end_has_all_in_its_row(
    world: World, number: signal.Signals
) -> None:
    append(world.log, lines(0, 1))
    process = Following(world)
    process.brings(2)
    append(world.log, lines(2))
    process.brings(1)
    assert process.ends(number)[0] == 0
    assert events_in_the_book(world.lake) == 3
