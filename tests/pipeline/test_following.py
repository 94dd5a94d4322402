"""A follower's looks: what is new, what is left until it is whole, what may come between."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from builders.cloudtrail import cloudtrail, lines
from builders.growing import (
    GIVE_UP,
    NOTHING,
    SETTLE,
    START,
    World,
    brought,
    event_numbers,
    rows,
    told,
)
from pipeline.arrivals import Arrival, Passed, Patience, arrivals
from pipeline.errors import InputError
from pipeline.files import LocalFile
from pipeline.following import Follower, Look, follow
from pipeline.ingest import Way
from pipeline.known import Known
from pipeline.lake import Lake
from pipeline.paths import find


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
    "gzip of a document": gzip.compress(json.dumps([cloudtrail(n) for n in range(40)]).encode()),
    "document": json.dumps({"Records": [cloudtrail(n) for n in range(40)]}, indent=1).encode(),
    "document in a line": json.dumps({"Records": [cloudtrail(n) for n in range(40)]}).encode(),
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
    world.write(data[: len(data) // 2], "a.json")
    assert world.look(after=SETTLE) == NOTHING
    world.write(data[len(data) // 2 :], "a.json")
    assert world.look() == NOTHING
    files, events, duplicates, rejects = world.look(after=SETTLE)
    assert (files, events + duplicates, rejects) == (1, 40, 0)
    # What landed of its first half, if anything, is of what it was then.
    assert sum(events for _, _, events, _, _ in told(world.lake)) == 40


def test_half_a_document_that_is_given_up_is_told_once(world: World) -> None:
    world.write(WHOLE["document"][:-200], "a.json")
    assert world.look(after=SETTLE) == NOTHING
    files, events, duplicates, rejects = world.look(after=GIVE_UP)
    assert (files, duplicates, rejects) == (1, 0, 1)
    assert events == len(event_numbers(world.lake))


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


def test_a_log_that_was_truncated_under_its_writer_is_read_behind_the_zeros(world: World) -> None:
    world.write(lines(0, 1))
    assert world.look() == (1, 2, 0, 0)
    world.write(b"\0" * world.log.stat().st_size + lines(2), mode="wb")
    assert world.look() == (1, 1, 0, 0)
    world.write(lines(3))
    assert world.look() == (1, 1, 0, 0)
    assert event_numbers(world.lake) == [0, 1, 2, 3]


def test_a_log_that_is_being_copied_to_be_truncated_is_not_read_again(world: World) -> None:
    world.write(lines(0, 1, 2, 3))
    assert world.look() == (1, 4, 0, 0)
    world.write(lines(4))
    content, cut = world.log.read_bytes(), len(lines(0)) + 70
    world.write(content[:cut], "app.log.1")
    assert world.look() == (1, 1, 0, 0)
    world.write(content[cut:], "app.log.1")
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


def test_a_follower_that_is_stopped_lands_what_it_has_and_the_next_goes_on(world: World) -> None:
    for n in range(5):
        world.write(lines(n), f"{n}.log")
    world.follower.look(now=world.now, stopped=lambda: True)
    assert len(event_numbers(world.lake)) < 5
    world.look()
    assert event_numbers(world.lake) == list(range(5))
    assert sum(row[2] for row in told(world.lake)) == 5


def test_a_follower_that_is_stopped_in_a_file_tells_what_it_has_of_it(world: World) -> None:
    world.write(lines(*range(20_000)))
    asked = iter([False, True])
    look = world.follower.look(now=world.now, stopped=lambda: next(asked))
    there = len(event_numbers(world.lake))
    assert 0 < there < 20_000
    assert brought(look.summary) == (0, there, 0, 0)
    assert (look.summary.records, look.summary.unfinished) == (there, 1)
    assert world.look() == (1, 20_000 - there, 0, 0)


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
