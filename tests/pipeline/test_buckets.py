"""Lakes and logs in buckets, against a real server of S3 on loopback."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime, timezone
from typing import Any

import polars as pl
import pyarrow as pa
import pytest

from pipeline.buckets import BucketUrl
from pipeline.errors import LakeError, QueryError
from pipeline.lake import ConcurrentWriteError, Lake
from pipeline.schemas import EVENTS

DAY = date(2026, 1, 2)


def events(*event_ids: str, day: date = DAY) -> pa.Table:
    time = datetime(day.year, day.month, day.day, tzinfo=timezone.utc)
    rows = [
        {"event_id": id_, "source": "log", "event_date": day, "event_time": time}
        for id_ in event_ids
    ]
    return pa.Table.from_pylist(rows, schema=EVENTS.arrow_schema)


def event_ids(lake: Lake, **options: Any) -> list[str]:
    with lake.reader(**options) as reader:
        return reader.query("select event_id from events order by all")["event_id"].to_list()


@pytest.fixture
def lake(s3: Any, request: pytest.FixtureRequest) -> Lake:
    """An empty lake in a bucket of its own."""
    bucket = f"lake-{abs(hash(request.node.nodeid))}"
    s3.make_bucket(bucket)
    return Lake(BucketUrl("s3", bucket, "a/lake"))


def test_a_lake_in_a_bucket_is_written_read_and_travelled_in(lake: Lake) -> None:
    assert not lake.exists()
    with pytest.raises(LakeError, match="expected a lake at s3://lake-"):
        lake.require()
    lake.append("events", events("a"))
    lake.require()
    before = lake.versions()
    lake.append("events", events("b", day=date(2026, 1, 3)))
    updates = pl.DataFrame({"source": ["log"], "event_id": ["a"], "identity_id": ["me"]})
    assert lake.merge("events", updates) == 1
    assert event_ids(lake) == ["a", "b"]
    assert event_ids(lake, versions=before) == ["a"]
    lake.replace("events", events(), where="event_date = '2026-01-03'")
    assert event_ids(lake) == ["a"]
    assert lake.partition_counts("events")["rows"].sum() == 1


def test_compaction_and_vacuum_change_no_rows_of_a_bucket(lake: Lake) -> None:
    for name in "abc":
        lake.append("events", events(name))
    lake.compact("events")
    assert lake.files("events") == 1
    assert len(lake.vacuum("events", keep_hours=0)) == 3
    assert event_ids(lake) == ["a", "b", "c"]


def test_filters_are_pushed_down_to_a_buckets_files(lake: Lake) -> None:
    lake.append("events", events("a"))
    with lake.reader(tables=["events"]) as reader:
        plan = reader.query(
            "explain select event_id from events where event_date = date '2026-01-02'"
        )
    assert "Filters" in str(plan.rows())
    assert "Projections: event_id" in " ".join(str(plan.rows()).split())


@pytest.mark.parametrize(
    "statement",
    [
        "copy events to 'x.csv'",
        "select * from '/etc/hostname'",
        "set threads = 1",
        "select 1; select 2",
    ],
)
def test_a_users_query_may_only_read_a_lake_in_a_bucket(lake: Lake, statement: str) -> None:
    lake.append("events", events("a"))
    with lake.reader() as reader:
        reader.restrict()
        assert reader.user_query("select event_id from events").num_rows == 1
        with pytest.raises(QueryError):
            reader.user_query(statement)


def test_two_writers_cannot_take_the_same_turn_of_a_bucket(lake: Lake) -> None:
    turn = lake.next_turn("events", "q")
    lake.append("events", events("mine"), turn=turn)
    with pytest.raises(ConcurrentWriteError):
        lake.append("events", events("theirs"), turn=turn)
    assert event_ids(lake) == ["mine"]


def test_eight_writers_at_once_lose_nothing(lake: Lake) -> None:
    """Each appends a row of its own; half of them also the same new one."""
    lake.append("events", events("first"))

    def write(writer: int) -> int:
        lake.append("events", events(f"{writer}"))
        return lake.append_new("events", pl.DataFrame(events("shared"))) if writer % 2 else 0

    with ThreadPoolExecutor(8) as pool:
        added = list(pool.map(write, range(8)))
    assert sum(added) == 1
    assert event_ids(lake) == [*"01234567", "first", "shared"]
