"""Logs that grow, are rotated, or are still being written: each event once, every count true."""

from __future__ import annotations

import gzip
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from pipeline.arrivals import Arrival, Passed, Patience, arrivals
from pipeline.errors import InputError
from pipeline.files import LocalFile
from pipeline.following import Follower, Look, follow
from pipeline.ingest import Limits, Summary, Way, ingest
from pipeline.known import Known
from pipeline.lake import Lake
from pipeline.paths import find
from pipeline.rejected import Asked, Replayed, replay
from pipeline.runs import Book, Journal
from pipeline.schemas import INGESTS

START = datetime(2026, 10, 1, tzinfo=timezone.utc)
SETTLE, GIVE_UP = 5, 600


def record(n: int, **over: Any) -> dict[str, Any]:
    return {
        "eventVersion": "1.11",
        "userIdentity": {"type": "Root", "accountId": "111122223333"},
        "eventTime": f"2026-09-01T{n // 60 % 24:02}:{n % 60:02}:00Z",
        "eventSource": "s3.amazonaws.com",
        "eventName": "ListBuckets",
        "eventID": f"event-{n}",
        **over,
    }


def lines(*numbers: int) -> bytes:
    return b"".join(json.dumps(record(n)).encode() + b"\n" for n in numbers)


def bring(lake: Lake, *paths: Path | str, **options: Any) -> Summary:
    return ingest(lake, paths, **{"now": START, "run_id": "r", **options})


def rows(lake: Lake, sql: str) -> list[tuple[Any, ...]]:
    with lake.reader(tables=["events", "rejects", "ingests"]) as reader:
        return reader.query(sql).rows()


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


@pytest.fixture
def world(tmp_path: Path, lake: Lake) -> World:
    return World(tmp_path / "in", lake)


NOTHING = (0, 0, 0, 0)


# -- reading on, with or without a follower


def test_a_log_that_grew_is_read_on_and_stays_one_row(lake: Lake, tmp_path: Path) -> None:
    log = tmp_path / "agent.jsonl"
    for first in (0, 3, 6):
        with log.open("ab") as file:
            file.write(lines(first, first + 1, first + 2))
        summary = bring(lake, log)
        assert (summary.records, *brought(summary)) == (3, 1, 3, 0, 0)
    assert bring(lake, log).unchanged == 1
    assert told(lake) == [("agent.jsonl", 9, 9, 0, 0)]
    places = rows(lake, "select event_id, record_index from events order by 2")
    assert places == [(f"event-{n}", n) for n in range(9)]
    [(size, read_to)] = rows(lake, "select bytes, read_to from ingests")
    assert size == read_to == log.stat().st_size


def test_half_a_line_is_told_of_and_becomes_an_event_once_it_is_whole(
    lake: Lake, tmp_path: Path
) -> None:
    log = tmp_path / "app.log"
    log.write_bytes(lines(0) + lines(1)[:50])
    assert brought(bring(lake, log)) == (1, 1, 0, 1)
    assert bring(lake, log).unchanged == 1
    assert told(lake) == [("app.log", 2, 1, 0, 1)]
    log.write_bytes(lines(0, 1) + lines(2)[:-1])
    assert brought(bring(lake, log)) == (1, 2, 0, 0)
    log.write_bytes(lines(0, 1, 2, 3))
    assert brought(bring(lake, log)) == (1, 1, 0, 0)
    assert told(lake) == [("app.log", 4, 4, 0, 0)]
    assert rows(lake, "select * from rejects") == []
    assert rows(lake, "select record_index from events order by 1") == [(n,) for n in range(4)]


def test_a_log_that_ended_in_half_a_line_is_read_on_in_several_commits(
    lake: Lake, tmp_path: Path
) -> None:
    log = tmp_path / "app.log"
    log.write_bytes(lines(0) + b"{half")
    bring(lake, log)
    long = [json.dumps(record(n, userAgent="x" * 100_000)).encode() + b"\n" for n in range(1, 90)]
    log.write_bytes(lines(0) + b"{half\n" + b"".join(long))
    bring(lake, log, limits=Limits(batch_bytes=1, batches_in_commit=1))
    assert told(lake) == [("app.log", 91, 90, 0, 1)]
    assert rows(lake, "select record_index from rejects") == [(1,)]


def test_a_record_alone_in_its_file_may_be_the_first_of_a_log(lake: Lake, tmp_path: Path) -> None:
    log = tmp_path / "app.log"
    log.write_bytes(lines(0)[:-1])
    bring(lake, log)
    log.write_bytes(lines(0, 1))
    assert brought(bring(lake, log)) == (1, 1, 0, 0)


def test_another_log_under_the_same_name_is_read_from_its_start(lake: Lake, world: World) -> None:
    header = b'{"log": "opened"}\n'
    world.write(header + lines(0, 1, 2))
    bring(lake, world.log, source="aws_cloudtrail")
    world.write(header + lines(10, 11, 12, 13, 14), mode="wb")
    assert brought(bring(lake, world.log, source="aws_cloudtrail")) == (1, 5, 0, 1)
    assert told(lake) == [("app.log", 4, 3, 0, 1), ("app.log", 6, 5, 0, 1)]
    assert bring(lake, world.log).unchanged == 1


@pytest.mark.parametrize("named", ["the folder", "the file"])
def test_what_was_not_read_of_a_rotated_log_is_read_under_its_new_name(
    lake: Lake, world: World, named: str
) -> None:
    path = world.folder if named == "the folder" else world.log
    world.write(lines(0, 1))
    world.write(lines(90), "app.log.9")
    bring(lake, path)
    world.now += timedelta(seconds=1)
    world.write(lines(2, 3))
    world.log.rename(world.folder / "app.log.2")
    world.write(lines(4), "app.log.1")
    world.write(lines(5))
    assert brought(bring(lake, path)) == (3, 4, 0, 0)
    assert bring(lake, path).files == 0
    assert event_numbers(lake) == [0, 1, 2, 3, 4, 5, 90][: None if path == world.folder else -1]
    assert told(lake)[:2] == [("app.log", 1, 1, 0, 0), ("app.log", 4, 4, 0, 0)]


def test_a_log_that_is_copied_and_truncated_goes_on_in_its_copy(lake: Lake, world: World) -> None:
    world.write(lines(0, 1))
    bring(lake, world.folder)
    world.write(lines(2))
    world.write(world.log.read_bytes(), "app.log-20261001")
    world.write(lines(10), mode="wb")
    assert brought(bring(lake, world.folder)) == (2, 2, 0, 0)
    assert event_numbers(lake) == [0, 1, 2, 10]


def test_a_rotated_log_that_is_compressed_brings_what_was_not_read_once(
    lake: Lake, world: World
) -> None:
    world.write(lines(0, 1))
    bring(lake, world.folder)
    world.write(gzip.compress(lines(0, 1, 2)), "app.log.1.gz")
    world.log.unlink()
    assert brought(bring(lake, world.folder))[1:] == (1, 0, 0)
    assert bring(lake, world.folder).unchanged == 1
    (world.folder / "app.log.1.gz").rename(world.folder / "app.log.2.gz")
    assert brought(bring(lake, world.folder))[1:] == (0, 0, 0)
    assert bring(lake, world.folder).unchanged == 1
    assert sum(row[2] for row in told(lake)) == 3
    assert sum(row[3] for row in told(lake)) == 0


def test_a_copy_beside_its_log_counts_as_duplicates(lake: Lake, world: World) -> None:
    world.write(lines(0, 1))
    bring(lake, world.folder)
    world.write(lines(0, 1), "copy.log")
    assert brought(bring(lake, world.folder)) == (1, 0, 2, 0)
    world.write(lines(2), "copy.log")
    assert brought(bring(lake, world.folder)) == (1, 1, 0, 0)


def test_a_copy_that_grows_has_the_rejects_of_what_is_its_own(lake: Lake, world: World) -> None:
    world.write(lines(0) + b"{torn\n" + lines(1))
    copy = world.write(world.log.read_bytes(), "copy.log")
    for log in (world.log, copy):
        bring(lake, log)
    world.write(b"{torn\n" + lines(2), "copy.log")
    bring(lake, copy)
    assert told(lake) == [("app.log", 3, 2, 0, 1), ("copy.log", 4, 1, 2, 1)]
    assert rows(lake, "select record_index from rejects order by 1") == [(1,), (3,)]


def test_a_log_of_no_known_source_is_told_once_and_taken_once_it_is_known(
    lake: Lake, world: World
) -> None:
    world.write(b"starting\n")
    assert brought(bring(lake, world.folder)) == (1, 0, 0, 1)
    world.write(b"still starting\n")
    assert brought(bring(lake, world.folder)) == NOTHING
    world.write(lines(0))
    assert brought(bring(lake, world.folder)) == (1, 1, 0, 2)
    assert told(lake) == [("app.log", 3, 1, 0, 2)]
    assert rows(lake, "select record_index from rejects order by 1") == [(0,), (1,)]


def test_a_log_that_an_older_version_brought_in_is_unchanged(lake: Lake, world: World) -> None:
    world.write(lines(0, 1))
    content = LocalFile(world.log).fingerprint()
    row = {"source_file": str(world.log), "fingerprint": content, "bytes": 1, "records": 2}
    lake.append("ingests", INGESTS.frame([{**row, "events": 2, "duplicates": 0, "rejects": 0}]))
    assert bring(lake, world.folder).unchanged == 1


def test_rejects_of_a_log_are_replayed_from_what_it_has_grown_to(lake: Lake, world: World) -> None:
    small = Limits(max_record_bytes=2000, reject_text_bytes=100)
    long = json.dumps(record(1, userAgent="x" * 3000)).encode() + b"\n"
    world.write(lines(0) + long)
    bring(lake, world.folder, limits=small)
    world.write(lines(2))
    again = replay(lake, Asked(), now=START + timedelta(hours=1), run_id="again")
    assert again == Replayed(tried=1, events=1)
    assert brought(bring(lake, world.folder)) == (1, 1, 0, 0)
    world.write(lines(3))
    assert brought(bring(lake, world.folder)) == (1, 1, 0, 0)
    assert told(lake) == [("app.log", 4, 4, 0, 0)]


def test_two_that_read_on_at_once_count_each_event_once(lake: Lake, world: World) -> None:
    for first in (0, 10):
        world.write(lines(*range(first, first + 10)))
        both = [threading.Thread(target=bring, args=(lake, world.folder)) for _ in range(2)]
        for thread in both:
            thread.start()
        for thread in both:
            thread.join()
        bring(lake, world.folder)
    assert event_numbers(lake) == list(range(20))
    assert told(lake) == [("app.log", 20, 20, 0, 0)]


def test_an_object_that_grew_is_read_on(s3: Any, lake: Lake) -> None:
    s3.make_bucket("grown")
    s3.put("grown", "logs/app.jsonl", lines(0, 1))
    s3.put("grown", "logs/old.jsonl", lines(90))
    bring(lake, "s3://grown/logs")
    s3.put("grown", "logs/app.jsonl", lines(0, 1, 2) + lines(3)[:40])
    before = len(s3.requests("get", "grown/logs/old"))
    assert brought(bring(lake, "s3://grown/logs")) == (1, 1, 0, 1)
    s3.put("grown", "logs/app.jsonl", lines(0, 1, 2, 3))
    assert brought(bring(lake, "s3://grown/logs")) == (1, 1, 0, 0)
    assert bring(lake, "s3://grown/logs").unchanged == 2
    assert len(s3.requests("get", "grown/logs/old")) == before
    assert told(lake) == [("app.jsonl", 4, 4, 0, 0), ("old.jsonl", 1, 1, 0, 0)]


# -- following


def test_each_look_brings_what_is_new(world: World) -> None:
    assert world.look() == NOTHING
    world.write(lines(0, 1))
    world.write(lines(10), "deep.jsonl")
    assert world.look() == (2, 3, 0, 0)
    world.write(lines(2))
    assert world.look() == (1, 1, 0, 0)
    assert world.look() == NOTHING


def test_a_look_at_what_has_not_changed_reads_nothing(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.write(lines(0))
    world.write(gzip.compress(lines(1)), "a.json.gz")
    world.write(b"nothing for us\n", "b.log")
    world.look(after=SETTLE)

    def opened(*_: Any) -> None:
        raise AssertionError

    monkeypatch.setattr(LocalFile, "open", opened)
    monkeypatch.setattr(Lake, "reader", opened)
    assert world.look(after=GIVE_UP) == NOTHING


WHOLE = {
    "gzip": gzip.compress(lines(*range(40))),
    "gzip of a document": gzip.compress(json.dumps([record(n) for n in range(40)]).encode()),
    "document": json.dumps({"Records": [record(n) for n in range(40)]}, indent=1).encode(),
    "document in a line": json.dumps({"Records": [record(n) for n in range(40)]}).encode(),
}


def read(world: World, *, after: float) -> tuple[int, int, bool]:
    """What a file holds so many seconds later: records, broken ones, whether it is left."""
    world.now += timedelta(seconds=after)
    patience = Patience(
        now=world.now,
        settle=timedelta(seconds=SETTLE),
        give_up=timedelta(seconds=GIVE_UP),
        since={},
    )
    files = find([world.folder], apart_from=world.lake.location).files
    items = list(arrivals(files, Known(), given=None, max_record_bytes=10_000, patience=patience))
    pieces = [item.piece for item in items if isinstance(item, Arrival)]
    texts, broken = sum(len(p.texts) for p in pieces), sum(len(p.broken) for p in pieces)
    return texts, broken, any(isinstance(item, Passed) and item.left for item in items)


@pytest.mark.parametrize("kind", WHOLE)
@pytest.mark.parametrize("part", [0.3, 0.5, 0.75, 0.99])
def test_a_file_that_is_not_whole_is_left_until_it_is_or_until_it_is_given_up(
    world: World, kind: str, part: float
) -> None:
    cut = int(len(WHOLE[kind]) * part)
    world.write(WHOLE[kind][:cut], "a.json")
    assert read(world, after=1) == (0, 0, True)
    for seconds in (SETTLE, GIVE_UP - SETTLE - 2):
        assert read(world, after=seconds)[1:] == (0, True)
    records, broken, left = read(world, after=2)
    assert (records <= 40, broken, left) == (True, 1, False)
    world.write(WHOLE[kind][cut:], "a.json")
    assert read(world, after=1) == (0, 0, True)
    assert read(world, after=SETTLE) == (40, 0, False)


def test_a_document_is_brought_in_once_it_is_whole(world: World) -> None:
    data = WHOLE["document"]
    world.write(data[:2000], "a.json")
    assert world.look(after=SETTLE) == NOTHING
    world.write(data[2000:], "a.json")
    assert world.look() == NOTHING
    # What landed of its first half is of what it was then.
    assert world.look(after=SETTLE) == (1, 32, 8, 0)
    assert told(world.lake) == [("a.json", 8, 8, 0, 0), ("a.json", 40, 32, 8, 0)]


def test_half_a_line_is_left_until_its_newline_or_until_it_is_given_up(world: World) -> None:
    world.write(lines(0) + lines(1)[:60])
    assert world.look() == (1, 1, 0, 0)
    assert world.look(after=GIVE_UP - 2) == NOTHING
    world.write(lines(1)[60:] + lines(2)[:60])
    assert world.look() == (1, 1, 0, 0)
    assert world.look(after=GIVE_UP) == (1, 0, 0, 1)
    world.write(lines(2)[60:])
    assert world.look() == (1, 1, 0, 0)
    assert told(world.lake) == [("app.log", 3, 3, 0, 0)]
    assert rows(world.lake, "select * from rejects") == []


@pytest.mark.parametrize("rest", [b"[%s]", b"%s%s", b"%s, "])
def test_what_follows_the_last_newline_is_counted_once(
    lake: Lake, tmp_path: Path, rest: bytes
) -> None:
    log = tmp_path / "app.log"
    one, two, three = (json.dumps(record(n)).encode() for n in range(3))
    ending = rest.replace(b"%s", two)
    log.write_bytes(b"[" + one + b"]\n" + ending)
    bring(lake, log)
    log.write_bytes(b"[" + one + b"]\n" + ending + b"\n[" + three + b"]\n")
    bring(lake, log)
    [(_, records, events, duplicates, rejects)] = told(lake)
    assert event_numbers(lake) == ([0, 1, 2] if rest == b"[%s]" else [0, 2])
    assert events == len(event_numbers(lake))
    assert records == events + duplicates + rejects
    assert len(rows(lake, "select * from rejects")) == rejects


def test_a_log_that_was_truncated_under_its_writer_is_read_behind_the_zeros(world: World) -> None:
    world.write(lines(0, 1))
    assert world.look() == (1, 2, 0, 0)
    world.write(b"\0" * world.log.stat().st_size + lines(2), mode="wb")
    assert world.look() == (1, 1, 0, 0)
    world.write(lines(3))
    assert world.look() == (1, 1, 0, 0)
    assert event_numbers(world.lake) == [0, 1, 2, 3]


ZIPPED = gzip.compress(lines(*range(9)), mtime=0)


@pytest.mark.parametrize("begins", [b"", lines(0)[:50], ZIPPED[:30]])
def test_what_a_file_was_before_its_first_line_was_whole_is_forgotten(
    lake: Lake, tmp_path: Path, begins: bytes
) -> None:
    log = tmp_path / "app.log"
    log.write_bytes(begins)
    assert bring(lake, log).rejects == 1
    log.write_bytes(ZIPPED if begins[:1] == ZIPPED[:1] else lines(0, 1))
    bring(lake, log)
    assert len(told(lake)) == 1
    assert rows(lake, "select * from rejects") == []
    log.write_bytes(b"{}")  # another file, not this one grown
    bring(lake, log)
    assert len(told(lake)) == 2


def test_a_log_that_is_being_copied_to_be_truncated_is_not_read_again(world: World) -> None:
    world.write(lines(0, 1, 2, 3))
    assert world.look() == (1, 4, 0, 0)
    world.write(lines(4))
    content = world.log.read_bytes()
    world.write(content[:300], "app.log.1")
    assert world.look() == (1, 1, 0, 0)
    world.write(content[300:], "app.log.1")
    world.write(b"", mode="wb")
    assert world.look(after=SETTLE) == NOTHING
    assert event_numbers(world.lake) == [0, 1, 2, 3, 4]


def test_an_empty_file_is_one_that_is_still_to_be_written(world: World) -> None:
    world.write(b"")
    assert world.look(after=2 * GIVE_UP) == NOTHING
    world.write(lines(0))
    assert world.look() == (1, 1, 0, 0)


def test_a_path_may_come_and_go(world: World, tmp_path: Path) -> None:
    later, gone = tmp_path / "later", tmp_path / "gone"
    world.write(lines(0))
    world.follower = world.new_follower(world.lake, later, world.folder)
    look = world.follower.look(now=world.now)
    assert (look.summary.events, len(look.faults)) == (1, 1)
    assert str(later) in look.faults[0]
    later.mkdir()
    (later / "b.log").write_bytes(lines(1))
    world.folder.rename(gone)
    look = world.follower.look(now=world.now)
    assert (look.summary.events, len(look.faults)) == (1, 1)
    gone.rename(world.folder)
    world.write(lines(2))
    assert world.look() == (1, 1, 0, 0)


def test_a_log_that_was_truncated_has_nothing_new(world: World) -> None:
    world.write(lines(0))
    bring(world.lake, world.folder)
    world.write(b"", mode="wb")
    assert bring(world.lake, world.folder).unchanged == 1


def test_a_follower_that_is_stopped_lands_what_it_has_and_the_next_goes_on(world: World) -> None:
    for n in range(5):
        world.write(lines(n), f"{n}.log")
    world.follower.look(now=world.now, stopped=lambda: True)
    assert len(event_numbers(world.lake)) < 5
    world.look()
    assert event_numbers(world.lake) == list(range(5))
    assert sum(row[2] for row in told(world.lake)) == 5


def looks_of(follower: Follower, actions: list[Callable[[], object]]) -> list[Look]:
    """The looks of a follower, an action being done while it waits for the next one."""
    looks: list[Look] = []
    waiting = iter(actions)

    def wait() -> bool:
        action = next(waiting, None)
        return action is None or bool(action())

    clock = (START + timedelta(seconds=n) for n in range(1000)).__next__
    follow(follower, clock=clock, wait=wait, stopped=lambda: False, tell=looks.append)
    return looks


def test_what_fails_at_the_first_look_ends_it_and_later_is_told(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.write(lines(0))
    wrong = Follower(
        **{**vars(world.follower), "way": Way(lake=world.lake, run_id="f", source="nonsense")}
    )
    with pytest.raises(InputError, match="aws_cloudtrail"):
        looks_of(wrong, [])

    def out_of_reach(*_: Any) -> None:
        raise InputError("out of reach")

    def breaks() -> None:
        world.write(lines(1))
        monkeypatch.setattr(LocalFile, "open", out_of_reach)

    looks = looks_of(world.follower, [breaks, monkeypatch.undo])
    assert [look.summary.events for look in looks] == [1, 0, 1]
    assert looks[1].faults == ("out of reach",)


# -- the command


class Following:
    """A process of `nhiwatch ingest --follow`, told in lines of JSON."""

    def __init__(self, world: World) -> None:
        command = [sys.executable, "-m", "pipeline", "ingest", str(world.folder), "--follow"]
        command += ["--every", "0.2", "--json", "--lake", str(world.lake.location)]
        env = {**os.environ, "NHIWATCH_SETTLE_SECONDS": "0.5"}
        self.process = subprocess.Popen(
            command, env=env, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
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


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
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


# -- anything may happen


class KilledError(BaseException):
    """The process is no more."""


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
    st.tuples(st.just("begin"), st.integers(1, 150)),
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
