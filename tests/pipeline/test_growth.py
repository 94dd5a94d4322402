"""Logs that grew or were rotated since they were read: each event once, every count true."""

from __future__ import annotations

import gzip
import threading
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from builders.cloudtrail import line, lines
from builders.growing import (
    NOTHING,
    START,
    World,
    bring,
    brought,
    event_numbers,
    rows,
    told,
)
from pipeline.files import LocalFile
from pipeline.ingest import Limits
from pipeline.lake import Lake
from pipeline.rejected import Asked, Replayed, replay
from pipeline.schemas import INGESTS


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
    long = [line(n, userAgent="x" * 100_000).encode() + b"\n" for n in range(1, 90)]
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


@pytest.mark.parametrize("rest", [b"[%s]", b"%s%s", b"%s, "])
def test_what_follows_the_last_newline_is_counted_once(
    lake: Lake, tmp_path: Path, rest: bytes
) -> None:
    log = tmp_path / "app.log"
    one, two, three = (line(n).encode() for n in range(3))
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


def test_a_log_that_was_truncated_has_nothing_new(world: World) -> None:
    world.write(lines(0))
    bring(world.lake, world.folder)
    world.write(b"", mode="wb")
    assert bring(world.lake, world.folder).unchanged == 1


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
    long = line(1, userAgent="x" * 3000).encode() + b"\n"
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
