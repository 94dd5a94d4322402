"""Events on their way into the lake: one commit for many batches, each event once."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pyarrow as pa
import pytest

from pipeline.lake import Lake
from pipeline.new_events import NewEvents
from pipeline.schemas import EVENTS

DAY = datetime(2026, 9, 1, tzinfo=timezone.utc)


def events(numbers: Iterable[int], *, file: str, days: int = 1, source: str = "log") -> pa.Table:
    """Event n is record n of the file, on one of so many days in turn."""
    rows = []
    for n in numbers:
        time = DAY + timedelta(days=n % days, seconds=n)
        told = {"event_id": f"e{n}", "source": source, "source_file": file, "record_index": n}
        told["fingerprint"] = f"of {file}"
        rows.append({**told, "event_time": time, "event_date": time.date(), "raw": f"raw {n}"})
    return pa.Table.from_pylist(rows, schema=EVENTS.arrow_schema)


def accounts(new: NewEvents) -> list[tuple[str, int, int]]:
    return [row[:3] for row in new.commit().sort("source_file").rows()]


def landed(lake: Lake) -> list[tuple[str, str]]:
    with lake.reader(tables=["events"]) as reader:
        told = reader.query("select event_id, raw from events order by record_index")
    return told.rows()


def whole(numbers: Iterable[int]) -> list[tuple[str, str]]:
    return [(f"e{n}", f"raw {n}") for n in numbers]


def loose_files(lake: Lake) -> int:
    """Data files that no commit names."""
    assert isinstance(lake.location, Path)
    return len(list(lake.location.rglob("part-*.parquet"))) - lake.files("events").height


def test_the_batches_of_a_commit_share_a_file_for_each_day(lake: Lake) -> None:
    new = NewEvents(lake)
    before = lake.versions()["events"]
    for batch in range(5):
        new.take("log", events(range(batch * 10, batch * 10 + 10), file="a", days=2))
    assert landed(lake) == []
    assert accounts(new) == [("a", 50, 0)]
    assert landed(lake) == whole(range(50))
    assert lake.versions()["events"] == before + 1
    assert lake.files("events").select("event_date", "rows").sort("event_date").rows() == [
        (DAY.date(), 25),
        ((DAY + timedelta(days=1)).date(), 25),
    ]


def test_more_days_than_files_are_open_at_once(lake: Lake) -> None:
    new = NewEvents(lake)
    for batch in range(3):
        new.take("log", events(range(batch * 100, batch * 100 + 100), file="a", days=30))
    assert accounts(new) == [("a", 300, 0)]
    assert landed(lake) == whole(range(300))
    assert loose_files(lake) == 0


def test_an_event_of_an_earlier_batch_is_not_new(lake: Lake) -> None:
    new = NewEvents(lake)
    new.take("log", events(range(6), file="a"))
    new.take("log", events(range(4, 10), file="b"))
    assert accounts(new) == [("a", 6, 0), ("b", 4, 2)]
    assert landed(lake) == whole(range(10))


def test_each_batch_knows_what_the_lake_has_of_its_own_days(lake: Lake) -> None:
    first = NewEvents(lake)
    first.take("log", events(range(40), file="a", days=4))
    first.commit()
    new = NewEvents(lake)
    # Of day 0; of days 0 and 2; of the other two, with some that are new.
    for numbers in (range(0, 20, 4), range(20, 40, 2), range(1, 48, 2)):
        new.take("other", events(numbers, file="c", days=4, source="other"))
        new.take("log", events(numbers, file="b", days=4))
    assert accounts(new) == [("b", 4, 35), ("c", 39, 0)]


def test_sources_do_not_share_event_ids(lake: Lake) -> None:
    new = NewEvents(lake)
    new.take("log", events(range(3), file="a"))
    new.take("other", events(range(3), file="b", source="other"))
    assert accounts(new) == [("a", 3, 0), ("b", 3, 0)]


@pytest.mark.parametrize(
    ("numbers", "file", "told"),
    [
        (range(10, 16), "b", ("b", 6, 0)),
        (range(4, 10), "b", ("b", 4, 2)),
        (range(6), "b", ("b", 0, 6)),
        # The very records: they are there through this file.
        (range(4, 10), "a", ("a", 6, 0)),
    ],
    ids=["nothing", "some", "all", "records"],
)
def test_what_another_process_commits_meanwhile_is_left_out(
    lake: Lake, numbers: range, file: str, told: tuple[str, int, int]
) -> None:
    first, second = NewEvents(lake), NewEvents(lake)
    first.take("log", events(range(6), file="a"))
    second.take("log", events(numbers, file=file, days=3))
    second.take("other", events(range(2), file="c", source="other"))
    assert accounts(first) == [("a", 6, 0)]
    assert accounts(second) == [told, ("c", 2, 0)]
    with lake.reader(tables=["events"]) as reader:
        ids = reader.query("select event_id from events where source = 'log'")["event_id"]
    assert sorted(ids) == sorted({f"e{n}" for n in (*range(6), *numbers)})


def test_a_copy_is_the_event_if_another_process_commits_that_very_record(lake: Lake) -> None:
    first, second = NewEvents(lake), NewEvents(lake)
    first.take("log", events(range(4, 10), file="b"))
    second.take("log", events(range(6), file="a"))
    second.take("log", events(range(4, 12), file="b"))
    assert accounts(first) == [("b", 6, 0)]
    # Events 4 and 5 were to come from file a.
    assert accounts(second) == [("a", 4, 2), ("b", 8, 0)]
    assert landed(lake) == whole(range(12))


def test_a_commit_whose_answer_is_lost_is_made_once(lake: Lake, lost_answer: None) -> None:
    new = NewEvents(lake)
    new.take("log", events(range(6), file="a"))
    assert accounts(new) == [("a", 6, 0)]
    new.discard()
    assert landed(lake) == whole(range(6))


def test_what_is_discarded_leaves_no_file(lake: Lake) -> None:
    new = NewEvents(lake)
    new.take("log", events(range(6), file="a"))
    assert loose_files(lake) == 1
    new.discard()
    assert loose_files(lake) == 0
    assert landed(lake) == []
