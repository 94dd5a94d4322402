"""Ingest: every event once, nothing lost, nothing dropped without a word."""

from __future__ import annotations

import gzip
import json
import random
import resource
import shutil
import signal
import subprocess
import sys
import time
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest

from builders.cloudtrail import cloudtrail, line
from builders.growing import bring
from builders.processes import started
from builders.stored import rows
from pipeline.errors import InputError
from pipeline.ingest import Limits, batch_within
from pipeline.lake import Lake
from pipeline.settings import load
from pipeline.steps import limits_of

NOW = datetime(2026, 10, 1, tzinfo=timezone.utc)


def write(path: Path, records: list[Any]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress(json.dumps({"Records": records}).encode()))
    return path


def event_count(lake: Lake) -> tuple[int, int]:
    """Events, and different (source, event_id)."""
    [(events, different)] = rows(
        lake, "select count(*), count(distinct (source, event_id)) from events"
    )
    return events, different


# -- a file's records become events


def test_a_file_becomes_events_with_everything_the_record_gives(lake: Lake, tmp_path: Path) -> None:
    write(tmp_path / "in" / "a.json.gz", [cloudtrail(1)])
    summary = bring(lake, tmp_path / "in")
    assert (summary.files, summary.records, summary.events, summary.rejects) == (1, 1, 1, 0)
    [event] = rows(
        lake,
        "select event_id, source, identity_id, credential_id, action, service, access, outcome, "
        "region, account_id, client, ingested_at from events",
    )
    assert event[:4] == (
        "event-1",
        "aws_cloudtrail",
        "arn:aws:iam::111122223333:user/backup",
        "AKIAEXAMPLE1",
    )
    assert event[4:10] == (
        "s3:ListBuckets",
        "s3",
        "list",
        "success",
        "eu-west-1",
        "111122223333",
    )
    assert event[11] == NOW


@pytest.mark.parametrize("ending", ["", "\n"])
def test_a_file_of_half_characters_alone_is_of_its_source(
    lake: Lake, tmp_path: Path, ending: str
) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text(line(1, userAgent="cut \ud83d") + ending)
    assert bring(lake, path).rejects == 0
    assert rows(lake, "select event_id, user_agent, json_valid(raw) from events") == [
        ("event-1", "cut \ufffd", True)
    ]


HOSTILE = '\'; drop table events; -- <script>alert(1)</script> \x1b[31m \u202e "quoted"'


def test_hostile_text_goes_in_as_it_is(lake: Lake, tmp_path: Path) -> None:
    identity = {**cloudtrail(0)["userIdentity"], "userName": HOSTILE}
    records = [cloudtrail(1, userAgent=HOSTILE, eventID=HOSTILE, userIdentity=identity)]
    write(tmp_path / f"a'b{chr(27)}.json.gz", records)
    assert bring(lake, tmp_path).events == 1
    assert rows(lake, "select event_id, user_agent from events") == [(HOSTILE, HOSTILE)]


@pytest.mark.parametrize(("batches_in_commit", "files"), [(1, 18), (4, 6), (16, 3)])
def test_batches_of_a_commit_share_the_files_of_their_days(
    lake: Lake, tmp_path: Path, batches_in_commit: int, files: int
) -> None:
    times = [f"2026-09-0{1 + n % 3}T00:00:00Z" for n in range(60)]
    records = [cloudtrail(n, eventTime=time) for n, time in enumerate(times)]
    for n in range(6):
        write(tmp_path / "in" / f"{n}.json.gz", records[10 * n : 10 * n + 10])
    limits = Limits(batch_bytes=5_000, batches_in_commit=batches_in_commit)
    summary = bring(lake, tmp_path / "in", limits=limits)
    assert (summary.files, summary.events) == (6, 60)
    assert event_count(lake) == (60, 60)
    assert lake.files("events").height == files


def test_batches_are_as_large_as_the_memory_allows() -> None:
    sizes = [batch_within(limit << 20) for limit in (256, 512, 1024, 2048, 65_536)]
    assert sizes == sorted(sizes)
    assert (sizes[0], sizes[-1]) == (8 << 20, 64 << 20)
    assert Limits().batch_bytes == batch_within(1 << 30)
    assert limits_of(load(memory_limit="2GiB")).batch_bytes == batch_within(2 << 30)
    assert limits_of(load(memory_limit="2GiB", batch_bytes=5_000)).batch_bytes == 5_000


# -- each event once


def test_the_same_files_again_change_nothing(lake: Lake, tmp_path: Path) -> None:
    write(tmp_path / "in" / "a.json.gz", [cloudtrail(n) for n in range(5)])
    bring(lake, tmp_path / "in")
    before = lake.versions()
    again = bring(lake, tmp_path / "in")
    assert (again.files, again.unchanged, again.events) == (0, 1, 0)
    assert lake.versions() == before


def test_the_same_file_under_another_name_adds_nothing(lake: Lake, tmp_path: Path) -> None:
    first = write(tmp_path / "a.json.gz", [cloudtrail(n) for n in range(5)])
    bring(lake, first)
    second = tmp_path / "copy.json.gz"
    second.write_bytes(first.read_bytes())
    summary = bring(lake, second)
    assert (summary.events, summary.duplicates) == (0, 5)
    assert event_count(lake) == (5, 5)


@pytest.mark.parametrize("together", [True, False])
def test_the_same_event_in_two_files_is_in_once(lake: Lake, tmp_path: Path, together: bool) -> None:
    first = write(tmp_path / "a.json.gz", [cloudtrail(n) for n in range(4)])
    second = write(tmp_path / "b.json.gz", [cloudtrail(n) for n in range(2, 6)])
    batches = [[first, second]] if together else [[first], [second]]
    summaries = [bring(lake, *batch) for batch in batches]
    assert sum(s.events for s in summaries) == 6
    assert sum(s.duplicates for s in summaries) == 2
    assert event_count(lake) == (6, 6)
    told = rows(lake, "select source_file, events, duplicates from ingests order by 1")
    assert told == [(str(first), 4, 0), (str(second), 2, 2)]


def test_a_file_that_grew_brings_what_is_new(lake: Lake, tmp_path: Path) -> None:
    path = write(tmp_path / "a.json.gz", [cloudtrail(n) for n in range(3)])
    bring(lake, path)
    write(path, [cloudtrail(n) for n in range(5)])
    again = bring(lake, path)
    assert (again.events, again.duplicates) == (2, 3)
    assert event_count(lake) == (5, 5)


def test_a_file_of_another_content_under_a_known_name_is_counted_for_itself(
    lake: Lake, tmp_path: Path
) -> None:
    one, other = tmp_path / "in" / "a.json", tmp_path / "in" / "b.json"
    write(one, [cloudtrail(n) for n in range(2)])
    write(other, [cloudtrail(n) for n in range(2, 4)])
    bring(lake, tmp_path / "in")
    shutil.copy(other, one)
    again = bring(lake, tmp_path / "in")
    assert (again.events, again.duplicates) == (0, 2)


# -- what cannot be read


BAD_FILES = {
    "empty.json": (b"", -1, "empty"),
    "other.json": (b'[{"ts": 1, "level": "info"}, {"ts": 2}]', -1, "other JSON"),
    "text.log": (b"GET / 200\nGET /a 404\n", -1, "aws_cloudtrail"),
    "binary.json": (bytes(range(256)) * 10, -1, "expected"),
}


def test_bad_files_are_rejected_with_a_reason_and_the_others_go_in(
    lake: Lake, tmp_path: Path
) -> None:
    write(tmp_path / "good.json.gz", [cloudtrail(n) for n in range(3)])
    for name, (data, _, _) in BAD_FILES.items():
        (tmp_path / name).write_bytes(data)
    summary = bring(lake, tmp_path)
    assert (summary.events, summary.rejects) == (3, len(BAD_FILES))
    for name, (_, index, reason) in BAD_FILES.items():
        [(at, why)] = rows(
            lake,
            f"select record_index, reason from rejects where source_file like '%/{name}'",
        )
        assert at == index
        assert reason in why


def test_bad_records_are_rejected_with_a_reason_and_the_others_go_in(
    lake: Lake, tmp_path: Path
) -> None:
    no_id = {k: v for k, v in cloudtrail(1).items() if k != "eventID"}
    odd_time = cloudtrail(2, eventTime="half past nine")
    no_time = {k: v for k, v in cloudtrail(3).items() if k != "eventTime"}
    surrogate = line(4, userAgent="lone \ud800 surrogate")
    lines = [json.dumps(r) for r in (cloudtrail(0), no_id, odd_time, no_time)]
    lines += [surrogate, '"text"', "[]", "17", line(5)[:100]]
    path = tmp_path / "a.jsonl"
    path.write_text("\n".join(lines))
    summary = bring(lake, path)
    assert summary.events == 2
    found = dict(rows(lake, "select record_index, reason from rejects"))
    assert sorted(found) == [1, 2, 3, 5, 6, 7]  # an empty list holds none
    assert "eventID" in found[1]
    assert "half past nine" in found[2]
    assert "eventTime" in found[3]
    assert summary.records == summary.events + summary.rejects


def test_a_truncated_gzip_brings_what_is_whole(lake: Lake, tmp_path: Path) -> None:
    path = write(tmp_path / "a.json.gz", [cloudtrail(n) for n in range(3000)])
    data = path.read_bytes()
    path.write_bytes(data[: len(data) * 2 // 3])
    summary = bring(lake, path)
    assert 100 < summary.events < 3000
    [(reason,)] = rows(lake, "select reason from rejects")
    assert "truncated" in reason


def test_a_record_of_50_mb_is_rejected_and_its_text_cut(lake: Lake, tmp_path: Path) -> None:
    huge = cloudtrail(1, userAgent="x" * 50_000_000)
    write(tmp_path / "a.json.gz", [cloudtrail(0), huge, cloudtrail(2)])
    summary = bring(lake, tmp_path)
    assert (summary.events, summary.rejects) == (2, 1)
    [(index, text_bytes, kept)] = rows(
        lake, "select record_index, text_bytes, length(text) from rejects"
    )
    assert index == 1
    assert text_bytes > 50_000_000
    assert kept == 65_536


def test_rejects_are_not_doubled_by_a_second_run(lake: Lake, tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text(line(0) + "\n{half")
    bring(lake, tmp_path)
    bring(lake, tmp_path)
    assert len(rows(lake, "select * from rejects")) == 1


# -- which files are read


def test_a_folder_gives_its_logs_and_tells_what_it_left_out(lake: Lake, tmp_path: Path) -> None:
    write(tmp_path / "in" / "deep" / "a.json.gz", [cloudtrail(0)])
    (tmp_path / "in" / "labels.csv").write_text("a,b\n")
    (tmp_path / "in" / ".hidden.json").write_text("{}")
    summary = bring(lake, tmp_path / "in")
    assert (summary.files, summary.left_out, summary.events) == (1, 1, 1)


def test_a_glob_gives_what_it_matches(lake: Lake, tmp_path: Path) -> None:
    write(tmp_path / "a.json.gz", [cloudtrail(0)])
    write(tmp_path / "b.json.gz", [cloudtrail(1)])
    assert bring(lake, str(tmp_path / "a*.gz")).files == 1


def test_a_missing_path_is_one_line(lake: Lake) -> None:
    with pytest.raises(InputError, match="expected a file, a folder or a glob"):
        bring(lake, "no/such/place")


def test_an_unknown_source_names_the_known(lake: Lake, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="aws_cloudtrail"):
        bring(lake, tmp_path, source="nonsense")


# -- a full disk, a kill, two at once


def test_a_disk_that_is_full_is_told_in_a_line_and_the_load_can_be_made_again(
    lake: Lake, tmp_path: Path
) -> None:
    dice = random.Random(0)
    long = [cloudtrail(n, userAgent=f"{dice.randbytes(4000).hex()}") for n in range(300)]
    path = write(tmp_path / "long.json.gz", long)
    command = [sys.executable, "-m", "pipeline", "ingest", str(path), "--lake", str(lake.location)]
    most = (200_000, 200_000)
    full = subprocess.run(
        command,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, most),
        capture_output=True,
        text=True,
        check=False,
    )
    assert full.returncode == 1
    assert "cannot write table events" in full.stderr.splitlines()[-1]
    assert "Traceback" not in full.stderr
    assert isinstance(lake.location, Path)
    assert list(lake.location.glob("events/*/*/*.parquet")) == []
    assert bring(lake, path).events == 300


INGEST = """
import sys
from datetime import datetime, timezone
from pathlib import Path
from pipeline.ingest import Limits, ingest
from pipeline.lake import Lake
now = datetime(2026, 10, 1, tzinfo=timezone.utc)
print("ready", flush=True)
ingest(Lake(Path(sys.argv[1])), sys.argv[2:], now=now, run_id="r",
       limits=Limits(batch_bytes=30_000))
"""


@pytest.mark.parametrize("seconds", [0.0, 0.1, 0.25, 0.5, 0.9])
def test_a_killed_ingest_is_completed_by_the_next(
    lake: Lake, tmp_path: Path, seconds: float
) -> None:
    for n in range(20):
        write(tmp_path / "in" / f"{n}.json.gz", [cloudtrail(50 * n + k) for k in range(50)])
    with started(INGEST, lake.location, tmp_path / "in") as process:
        time.sleep(seconds)
        process.send_signal(signal.SIGKILL)
    bring(lake, tmp_path / "in")
    assert event_count(lake) == (1000, 1000)
    told = "select count(*), count(distinct source_file), sum(events), sum(duplicates) from ingests"
    assert rows(lake, told) == [(20, 20, 1000, 0)]


def test_two_ingests_at_once_land_each_event_once(lake: Lake, tmp_path: Path) -> None:
    for n in range(10):
        write(tmp_path / "in" / f"{n}.json.gz", [cloudtrail(50 * n + k) for k in range(50)])
    with (
        started(INGEST, lake.location, tmp_path / "in") as one,
        started(INGEST, lake.location, tmp_path / "in") as other,
    ):
        assert [one.wait(timeout=60), other.wait(timeout=60)] == [0, 0]
    assert event_count(lake) == (500, 500)
    told = "select count(*), count(distinct source_file), sum(events) from ingests"
    assert rows(lake, told) == [(10, 10, 500)]
