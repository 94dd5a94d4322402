"""Keeping house: fewer files, nothing lost, what is too old gone and not made anew from nothing."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import date, datetime, timedelta, timezone
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

import polars as pl
import pyarrow as pa
import pytest

from pipeline.appending import removing
from pipeline.baselines import missing_days, roll_up
from pipeline.errors import LakeError, SettingsError
from pipeline.housekeeping import (
    TEXTS,
    Rules,
    first_day_kept,
    first_whole_day,
    keep_house,
)
from pipeline.lake import Lake
from pipeline.schemas import EVENTS, TABLES
from pipeline.settings import Retention, load

NOW = datetime(2026, 6, 30, 12, tzinfo=timezone.utc)
TODAY = NOW.date()
KEEP_ALL = Retention()


def event(n: int, *, days_ago: int = 0) -> dict[str, Any]:
    time = NOW - timedelta(days=days_ago, minutes=n)
    return {
        "event_id": f"e{n}-{days_ago}",
        "source": "log",
        "event_time": time,
        "event_date": time.date(),
        "identity_id": "role/app",
        "action": "s3:GetObject",
        "raw": "{}",
        "prompt": "read it",
    }


def append(lake: Lake, *events: dict[str, Any]) -> None:
    lake.append("events", pa.Table.from_pylist(list(events), schema=EVENTS.arrow_schema))


def rows(lake: Lake, sql: str) -> list[tuple[Any, ...]]:
    tables = ["events", "rollups", "daily_identity", "judgements"]
    with lake.reader(tables=tables) as reader:
        return reader.query(sql).rows()


def house(lake: Lake, *, retention: Retention = KEEP_ALL, **rules: Any) -> dict[str, Any]:
    done = keep_house(lake, rules=Rules(**rules), retention=retention, now=NOW)
    return {work.table: work for work in done.tables}


def test_only_partitions_with_many_small_files_are_compacted(lake: Lake) -> None:
    for n in range(4):
        append(lake, event(n), event(n, days_ago=1))
    append(lake, event(4))
    work = house(lake, most_small_files=4)["events"]
    assert (work.files_before, work.files_after) == (9, 5)
    assert rows(lake, "select count(*), count(distinct event_id) from events") == [(9, 9)]


def test_a_table_without_partitions_is_compacted_as_a_whole(lake: Lake) -> None:
    for n in range(5):
        lake.append("runs", TABLES["runs"].frame([{"run_id": str(n)}]))
    assert house(lake, most_small_files=4)["runs"].files_after == 1


def text_event(n: int, *, kilobytes: int) -> dict[str, Any]:
    """An event of about that size on disk."""
    return {**event(0), "event_id": f"t{n}", "raw": Random(n).randbytes(kilobytes * 1024).hex()}


def test_what_was_merged_is_not_written_again_for_a_few_small_loads(lake: Lake) -> None:
    append(lake, text_event(0, kilobytes=200))
    (merged,) = (lake.location / "events").rglob("*.parquet")
    for n in range(1, 6):
        append(lake, text_event(n, kilobytes=10))
    rules = {"target_bytes": 1024**2, "most_small_files": 4}
    assert house(lake, **rules)["events"].files_after == 2
    table = lake.table("events")
    assert table is not None
    assert merged.name in {uri.rpartition("/")[2] for uri in table.file_uris()}
    assert house(lake, **rules, tiers=1) == {}
    assert house(lake, **rules | {"most_small_files": 1}, tiers=1)["events"].files_after == 1
    assert rows(lake, "select count(*), count(distinct event_id) from events") == [(6, 6)]


def test_many_small_loads_are_written_again_a_few_times_and_stay_few_files(lake: Lake) -> None:
    rules = Rules(target_bytes=1024**2, most_small_files=2, tiers=3)
    loads, loaded = 30, 0
    for n in range(loads):
        append(lake, text_event(n, kilobytes=20))
        loaded += lake.files("events").filter(pl.col("rows") == 1)["bytes"].max()
        keep_house(lake, rules=rules, retention=KEEP_ALL, now=NOW)
        assert lake.files("events").height <= rules.most_small_files * rules.tiers
    on_disk = (path.stat().st_size for path in (lake.location / "events").rglob("part-*.parquet"))
    assert sum(on_disk) - loaded < rules.tiers * loaded
    assert rows(lake, "select count(*), count(distinct event_id) from events") == [(loads, loads)]


def test_a_tidy_lake_is_left_alone(lake: Lake) -> None:
    append(lake, event(0), event(1, days_ago=1))
    versions = lake.versions()
    assert house(lake) == {}
    assert lake.versions() == versions


def test_unused_files_are_deleted_once_they_are_old_enough(lake: Lake) -> None:
    for n in range(3):
        append(lake, event(n))
    leftover = lake.location / "events" / "killed-writer.parquet"
    leftover.write_bytes(b"")
    assert house(lake, most_small_files=1)["events"].files_deleted == 0
    assert house(lake, keep_hours=0, vacuum_all=True)["events"].files_deleted == 3
    assert leftover.exists()  # with so few hours it may be of a writer still at work
    assert rows(lake, "select count(*) from events") == [(3,)]


def test_a_version_whose_files_are_deleted_is_told_in_one_line(lake: Lake) -> None:
    for n in range(3):
        append(lake, event(n))
    before = lake.versions()
    house(lake, most_small_files=1, keep_hours=0, vacuum_all=True)
    with (
        pytest.raises(LakeError, match="is no longer there") as fault,
        lake.reader(versions=before),
    ):
        pass
    assert "\n" not in str(fault.value)


# -- what is not looked for at once


def a_log_that_grew(lake: Lake, *, commits: int) -> None:
    """Write the row of one log again and again."""
    row = {"source_file": "app.log", "fingerprint": "f"}
    lake.append_new("ingests", TABLES["ingests"].frame([row]))
    for n in range(commits):
        lake.merge("ingests", TABLES["ingests"].frame([{**row, "records": n}]))


def aged(folder: Path, pattern: str, *, hours: int) -> None:
    """Make files look so much older."""
    for path in folder.glob(pattern):
        then = path.stat().st_mtime - hours * 3600
        os.utime(path, (then, then))


def on_disk(lake: Lake, name: str) -> int:
    """The data files of a table that are there, part of it or not."""
    return len(list((lake.location / name).glob("*.parquet")))


def test_what_a_tidy_table_left_is_deleted_once_a_day(lake: Lake) -> None:
    a_log_that_grew(lake, commits=4)
    made = datetime.now(timezone.utc)
    there = []
    for hours in (23, 25, 48, 50):
        now = made + timedelta(hours=hours)
        keep_house(lake, rules=Rules(keep_hours=0), retention=KEEP_ALL, now=now)
        there.append(on_disk(lake, "ingests"))
        a_log_that_grew(lake, commits=1)
    assert there == [5, 1, 2, 1]


def test_the_log_goes_back_as_long_as_replaced_files_are_kept(lake: Lake) -> None:
    a_log_that_grew(lake, commits=14)
    log = lake.location / "ingests" / "_delta_log"
    aged(log, "*", hours=100)
    a_log_that_grew(lake, commits=1)
    before = lake.versions()["ingests"]
    house(lake, keep_hours=99, vacuum_all=True)
    a_log_that_grew(lake, commits=10)
    assert min(int(path.name[:20]) for path in log.glob("*.json")) == 9
    with lake.reader(versions={"ingests": before}, tables=["ingests"]) as reader:
        assert reader.columns("ingests", ["source_file"]).height > 0


def test_a_replaced_file_is_kept_as_long_as_is_asked_for(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    for n in range(3):
        append(lake, event(n))
    aged(lake.location / "events", "*/*/*.parquet", hours=2000)
    before = lake.versions()
    house(lake, keep_hours=1000, vacuum_all=True)
    then = datetime.now(timezone.utc) - timedelta(hours=900)
    with monkeypatch.context() as at:
        at.setattr("pipeline.appending.time.time", then.timestamp)
        house(lake, most_small_files=1)
    for n in range(10):
        append(lake, event(n, days_ago=1))
    assert house(lake, keep_hours=1000, vacuum_all=True, most_small_files=20) == {}
    with lake.reader(versions=before, tables=["events"]) as reader:
        assert reader.columns("events", ["event_id"]).height == 3
    assert (
        house(lake, keep_hours=800, vacuum_all=True, most_small_files=20)["events"].files_deleted
        == 3
    )


def test_the_checkpoints_of_a_long_log_are_rarer(lake: Lake) -> None:
    a_log_that_grew(lake, commits=1)
    log = lake.location / "ingests" / "_delta_log"
    table = lake.table("ingests")
    assert table is not None
    gone = [removing(f"part-{n}.parquet", 1, {}) for n in range(5_000)]
    table.create_write_transaction(gone, mode="append", schema=table.schema())
    checkpoints = []
    for _ in range(3):
        a_log_that_grew(lake, commits=10)
        checkpoints.append(len(list(log.glob("*.checkpoint.parquet"))))
        house(lake, vacuum_all=True)
    assert checkpoints == [1, 1, 1]


# -- retention


def test_events_go_after_their_days_and_their_roll_ups_stay(lake: Lake) -> None:
    append(lake, event(0, days_ago=41), event(1, days_ago=41), event(2, days_ago=40))
    roll_up(lake, now=NOW)
    retention = Retention(events_days=40)
    assert house(lake, retention=retention)["events"].rows_removed == 2
    assert rows(lake, "select event_date from events") == [(TODAY - timedelta(days=40),)]
    kept = first_day_kept(retention, now=NOW)
    assert missing_days(lake, since=kept).is_empty()
    assert rows(lake, "select sum(events) from daily_identity") == [(3,)]


def test_an_old_event_that_comes_again_does_not_undo_its_days_roll_up(lake: Lake) -> None:
    append(lake, event(0, days_ago=41), event(1, days_ago=41))
    roll_up(lake, now=NOW)
    retention = Retention(events_days=40)
    house(lake, retention=retention)
    append(lake, event(0, days_ago=41))
    assert roll_up(lake, now=NOW, since=first_day_kept(retention, now=NOW)) == 0
    assert rows(lake, "select sum(events) from daily_identity") == [(2,)]
    assert house(lake, retention=retention)["events"].rows_removed == 1
    assert rows(lake, "select count(*) from events") == [(0,)]


def test_texts_go_before_the_events_they_are_of(lake: Lake) -> None:
    append(lake, event(0, days_ago=41), event(1, days_ago=3))
    roll_up(lake, now=NOW)
    retention = Retention(texts_days=35)
    assert house(lake, retention=retention)["events"].texts_removed == 1
    columns = ", ".join(TEXTS)
    told = rows(lake, f"select action, {columns} from events order by event_time")
    assert told[0] == ("s3:GetObject", None, None, None, None)
    assert told[1][1:3] == ("{}", "read it")
    assert missing_days(lake).is_empty()
    assert first_whole_day(retention, now=NOW) == TODAY - timedelta(days=35)
    assert house(lake, retention=retention) == {}


def test_each_table_goes_by_its_own_age(lake: Lake) -> None:
    old, new = NOW - timedelta(days=11), NOW - timedelta(days=9)
    columns = {
        "scores": "window_start",
        "findings": "last_seen",
        "rejects": "rejected_at",
        "runs": "started_at",
    }
    for name, column in columns.items():
        for time in (old, new):
            lake.append(name, TABLES[name].frame([{column: time}]))
    kept = Retention(scores_days=10, findings_days=10, rejects_days=10, runs_days=10)
    work = house(lake, retention=kept)
    assert {name: done.rows_removed for name, done in work.items()} == dict.fromkeys(columns, 1)


def test_roll_ups_and_what_was_judged_of_them_go_together(lake: Lake) -> None:
    append(lake, event(0, days_ago=50), event(1, days_ago=1))
    roll_up(lake, now=NOW)
    judged = [{"detector": "d", "event_date": TODAY - timedelta(days=n)} for n in (50, 1)]
    lake.append("judgements", TABLES["judgements"].frame(judged))
    house(lake, retention=Retention(events_days=40, rollups_days=45))
    left = TODAY - timedelta(days=1)
    for name in ("daily_identity", "rollups", "judgements"):
        assert rows(lake, f"select event_date from {name}") == [(left,)]


@pytest.mark.parametrize(
    ("retention", "said"),
    [
        ({"events_days": 30}, "events_days: expected at least 31 (because of history_days)"),
        ({"texts_days": 9}, "texts_days: expected at least 31"),
        ({"texts_days": 60, "events_days": 50}, "because of texts_days"),
        ({"events_days": 60, "rollups_days": 50}, "because of events_days"),
        ({"rollups_days": 50}, "expected events_days beside it"),
        ({"event_days": 50}, "event_days"),
        ({"events_days": 0}, "events_days"),
    ],
)
def test_a_retention_that_cannot_be_is_told_in_one_line(
    retention: dict[str, int], said: str
) -> None:
    with pytest.raises(SettingsError) as fault:
        load(retention=retention)
    assert said in str(fault.value)
    assert "\n" not in str(fault.value)


# -- beside readers and writers

WRITER = """
import sys
from datetime import date, datetime, timezone
from pathlib import Path
import polars as pl
import pyarrow as pa
from pipeline.lake import ConcurrentWriteError, Lake
from pipeline.schemas import EVENTS, TABLES
lake, first = Lake(Path(sys.argv[1])), int(sys.argv[2])
noon = datetime(2026, 6, 30, 12, tzinfo=timezone.utc)
print("ready", flush=True)
for n in range(first, first + 6):
    row = {"source": "log", "event_id": str(n), "event_time": noon, "event_date": noon.date()}
    events = pa.Table.from_pylist([row], schema=EVENTS.arrow_schema)
    while True:
        try:
            lake.append("events", events, turn=lake.next_turn("events", "ingest"))
            break
        except ConcurrentWriteError:
            continue
    day = TABLES["rollups"].frame([{"source": "log", "event_date": noon.date(), "events": n}])
    lake.replace("rollups", day, where="source = 'log' and event_date in ('2026-06-30')")
    lake.merge("events", pl.DataFrame({"source": ["log"], "event_id": [str(n)], "action": ["a"]}))
"""


def writer(lake: Lake, first: int) -> subprocess.Popen[bytes]:
    process = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(lake.location), str(first)], stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    assert process.stdout.readline() == b"ready\n"
    return process


def test_writers_and_readers_go_on_while_files_are_compacted(lake: Lake) -> None:
    append(lake, event(0))
    seen = compacted = 0
    with lake.reader() as snapshot, writer(lake, 100) as one, writer(lake, 200) as other:
        while one.poll() is None or other.poll() is None:
            compacted += len(house(lake, most_small_files=2, vacuum_all=True))
            [(count, ids)] = rows(lake, "select count(*), count(distinct event_id) from events")
            assert count == ids >= seen
            seen = count
        assert (one.wait(), other.wait()) == (0, 0)
        assert snapshot.query("select count(*) as n from events")["n"].to_list() == [1]
    assert compacted > 0
    told = rows(lake, "select count(*), count(distinct event_id), count(action) from events")
    assert told == [(13, 13, 13)]
    assert rows(lake, "select count(*) from rollups") == [(1,)]


def test_a_reader_that_opened_before_a_compaction_reads_on(lake: Lake) -> None:
    for n in range(3):
        append(lake, event(n))
    with lake.reader() as reader:
        house(lake, most_small_files=1)
        assert reader.query("select count(*) as n from events")["n"].to_list() == [3]


def test_a_reader_whose_files_are_deleted_is_told_so_in_one_line(lake: Lake) -> None:
    for n in range(3):
        append(lake, event(n))
    with lake.reader() as reader:
        house(lake, most_small_files=1, keep_hours=0, vacuum_all=True)
        for read in (reader.query, partial(reader.define, "longest")):
            with pytest.raises(LakeError, match="try again") as fault:
                read("select max(raw) as raw from events")
            assert "\n" not in str(fault.value)


def test_the_same_day_of_two_retentions_is_the_later(lake: Lake) -> None:
    kept = Retention(texts_days=31, events_days=90)
    assert first_day_kept(kept, now=NOW) == date(2026, 4, 1)
    assert first_whole_day(kept, now=NOW) == date(2026, 5, 30)
    assert first_day_kept(KEEP_ALL, now=NOW) is None


def test_an_empty_lake_is_no_work(tmp_path: Path) -> None:
    assert house(Lake(tmp_path / "none")) == {}
