"""Lakes and logs in buckets, against a real server of S3 on loopback."""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime, timezone
from pathlib import Path
from typing import Any

import obstore
import polars as pl
import pytest
from streamlit.testing.v1 import AppTest

from builders.cloudtrail import cloudtrail
from builders.stored import event_ids, events
from pipeline.buckets import BucketUrl, Location, located, store
from pipeline.errors import InputError, LakeError, NhiwatchError, QueryError, SettingsError
from pipeline.ingest import Way, bring, find_logs, ingest
from pipeline.lake import ConcurrentWriteError, Lake
from pipeline.new_events import NewEvents
from pipeline.paths import find
from pipeline.schemas import RUNS
from pipeline.settings import load
from pipeline.upkeep import compact, keep_log, last_kept, vacuum


@pytest.fixture(params=["s3", "gs"])
def lake(google: Any, request: pytest.FixtureRequest) -> Lake:
    """An empty lake in a bucket of its own, Amazon's and Google's."""
    # No hyphen in the name: Google's clients encode it, which moto does not take back.
    bucket = f"lake{abs(hash(request.node.nodeid))}"
    google.make_bucket(bucket)
    return Lake(BucketUrl(request.param, bucket, "a/lake"))


def test_a_lake_in_a_bucket_is_written_read_and_travelled_in(lake: Lake) -> None:
    assert not lake.exists()
    with pytest.raises(LakeError, match=re.escape(f"expected a lake at {lake.location}")):
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


def test_two_loads_of_a_bucket_leave_out_what_the_other_committed(lake: Lake) -> None:
    first, second = NewEvents(lake), NewEvents(lake)
    first.take("log", events("a", "b"))
    second.take("log", events("b", "c"))
    second.take("log", events("d", day=date(2026, 1, 3)))
    first.commit()
    told = second.commit()
    assert (told["events"].sum(), told["duplicates"].sum()) == (2, 1)
    assert event_ids(lake) == ["a", "b", "c", "d"]


@pytest.mark.parametrize("with_checkpoint", [False, True])
def test_a_table_in_a_bucket_is_told_how_long_its_log_goes_back(
    lake: Lake, with_checkpoint: bool
) -> None:
    lake.append("events", events("a"))
    if with_checkpoint and (table := lake.table("events")) is not None:
        table.create_checkpoint()
    now = datetime(2100, 1, 1, 12, tzinfo=timezone.utc)
    keep_log(lake, "events", keep_hours=240, now=now)
    assert last_kept(lake, "events") == now
    told = lake.table("events")
    assert told is not None
    assert told.metadata().configuration == {
        "delta.logRetentionDuration": "interval 240 hours",
        "delta.deletedFileRetentionDuration": "interval 240 hours",
        "delta.checkpointInterval": "10",
    }


def test_compaction_and_vacuum_change_no_rows_of_a_bucket(lake: Lake) -> None:
    for name in "abc":
        lake.append("events", events(name))
    days = lake.partition_counts("events").with_columns(below=pl.lit(1024**2))
    compact(lake, "events", days, target_bytes=1024**2)
    assert lake.files("events").height == 1
    assert vacuum(lake, "events", keep_hours=0) == 3
    assert event_ids(lake) == ["a", "b", "c"]


def data_files_asked_for(s3: Any, lake: Lake) -> list[str]:
    """The requests for data files of a lake so far."""
    assert isinstance(lake.location, BucketUrl)
    return [line for line in s3.requests("get", lake.location.bucket) if ".parquet" in line]


def test_a_small_data_file_of_a_bucket_is_fetched_once(s3: Any, lake: Lake) -> None:
    for name in "ab":
        lake.append("events", events(name))
    for told in (["a", "b"], ["a", "b"]):
        with lake.reader(tables=["events"]) as reader:
            rows = reader.query("select event_id from events order by all")
            assert rows["event_id"].to_list() == told
            assert reader.query("select count(distinct source) as n from events").item() == 1
    assert len(data_files_asked_for(s3, lake)) == 2


def test_a_large_data_file_of_a_bucket_is_read_by_its_parts(s3: Any, lake: Lake) -> None:
    ids = [hashlib.sha256(str(n).encode()).hexdigest() for n in range(20_000)]
    lake.append("events", events(*ids))
    with lake.reader(tables=["events"]) as reader:
        for _ in range(2):
            assert reader.query("select count(distinct event_id) as n from events").item() == 20_000
    assert len(data_files_asked_for(s3, lake)) > 2


def test_a_data_file_that_has_gone_from_a_bucket_is_told_in_a_line(lake: Lake) -> None:
    lake.append("events", events("a"))
    with lake.reader(tables=["events"]) as reader:
        lake.replace("events", events("b"))
        assert vacuum(lake, "events", keep_hours=0) == 1
        with pytest.raises(LakeError, match="try again") as told:
            reader.query("select event_id from events")
    assert "\n" not in str(told.value)


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


def test_a_server_that_overwrites_what_is_there_is_no_place_for_a_lake(s3: Any) -> None:
    s3.make_bucket("careless")
    with pytest.raises(LakeError, match="two writers would lose a commit"):
        Lake(BucketUrl("s3", "careless")).append("events", events("a"))


def test_a_lost_answer_is_no_fault_of_the_server(s3: Any) -> None:
    s3.make_bucket("lost")
    s3.breaks({"method": "PUT", "path": "probe", "kind": "lost", "times": 1})
    lake = Lake(BucketUrl("s3", "lost"))
    lake.append("events", events("a"))
    assert event_ids(lake) == ["a"]


@pytest.mark.parametrize("key", ["a b", "a%20b", "a*", "what?", "#1", "ünï"])
def test_a_prefix_that_delta_cannot_take_is_told_in_a_line(key: str) -> None:
    with pytest.raises(LakeError, match="expected a prefix of letters"):
        Lake(BucketUrl("s3", "odd", key))


@pytest.mark.parametrize(
    ("env", "expected"),
    [
        ({}, "no such bucket"),
        ({"AWS_ENDPOINT_URL": "http://127.0.0.1:9"}, "out of reach"),
        ({"AWS_ALLOW_HTTP": "false"}, "AWS_ALLOW_HTTP"),
        (
            {
                "AWS_ACCESS_KEY_ID": "",
                "AWS_SECRET_ACCESS_KEY": "",
                "AWS_METADATA_ENDPOINT": "http://127.0.0.1:9",
            },
            "no credentials",
        ),
    ],
)
def test_a_bucket_that_cannot_be_had_is_told_in_a_line(
    s3: Any, monkeypatch: pytest.MonkeyPatch, env: dict[str, str], expected: str
) -> None:
    for name, value in env.items():
        if value:
            monkeypatch.setenv(name, value)
        else:
            monkeypatch.delenv(name)
    store.cache_clear()
    url = BucketUrl("s3", "nowhere", "a")
    for ask in (
        Lake(url).exists,
        lambda: Lake(url).append("runs", RUNS.frame([{"run_id": "r"}])),
        lambda: find([str(url)], apart_from=Path("lake")),
    ):
        with pytest.raises(NhiwatchError, match=expected) as fault:
            ask()
        assert "\n" not in str(fault.value)
        assert "\x1b" not in str(fault.value)


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("AccessDenied", "access denied; check the credentials"),
        ("ExpiredToken", "the credentials have expired; renew them"),
        ("InternalError", "run it again later"),
        ("InvalidObjectState", "in an archive; restore it, or give a narrower path or a glob"),
        ("InvalidRange", "changed while it was read; run it again"),
        ("PermanentRedirect", "in another region; set AWS_REGION"),
        ("RequestTimeTooSkewed", "set this machine's clock"),
        ("SlowDown", "run it again later"),
    ],
)
def test_what_a_store_refuses_is_told_with_what_to_do(
    s3: Any, tmp_path: Path, code: str, expected: str
) -> None:
    bucket = f"refused{abs(hash(code))}"
    s3.make_bucket(bucket)
    s3.fill(bucket, ["connect/a.json"])
    [log] = find([f"s3://{bucket}"], apart_from=tmp_path).files
    s3.breaks({"method": "GET", "path": bucket, "kind": code, "times": 1000})
    lake = Lake(BucketUrl("s3", bucket, "lake"))
    with pytest.raises(InputError) as reading, log.open() as stream:
        stream.read()
    with pytest.raises(LakeError) as opening:
        lake.table("events")
    for fault in (reading, opening):
        assert expected in str(fault.value)
        assert "\n" not in str(fault.value)


def test_a_version_that_cannot_be_looked_for_is_not_said_to_be_gone(s3: Any) -> None:
    s3.make_bucket("versions")
    lake = Lake(BucketUrl("s3", "versions"))
    lake.append("events", events("a"))
    s3.breaks({"method": "GET", "path": "/versions", "kind": "ExpiredToken", "times": 1000})
    with pytest.raises(LakeError, match="the credentials have expired"):
        lake.table("events", version=1)
    s3.breaks()
    with pytest.raises(LakeError, match="no longer there"):
        lake.table("events", version=7)


def test_half_of_the_credentials_is_told_with_what_to_do(
    s3: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    with pytest.raises(NhiwatchError, match="half of the credentials"):
        Lake(BucketUrl("s3", "half")).exists()


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("s3://b", BucketUrl("s3", "b")),
        ("s3://b/", BucketUrl("s3", "b")),
        ("gs://b/a/b/", BucketUrl("gs", "b", "a/b")),
        ("az://container/a", BucketUrl("az", "container", "a")),
        ("a/b", Path("a/b")),
        (Path("/a"), Path("/a")),
    ],
)
def test_a_place_is_a_path_or_a_url(text: str | Path, place: Location) -> None:
    assert located(text) == place
    assert load(lake=text).lake == place


@pytest.mark.parametrize("text", ["http://b/a", "s3://", "ftp://x", "s3:///key"])
def test_another_url_is_told_in_a_line(text: str) -> None:
    with pytest.raises(SettingsError, match="expected a path or s3://BUCKET/PREFIX"):
        load(lake=text)


@pytest.mark.parametrize("scheme", ["s3", "gs", "az"])
def test_every_scheme_has_a_store(scheme: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AZURE_STORAGE_ACCOUNT_NAME", "account")
    assert store(scheme, "bucket").prefix is None


def test_logs_at_an_endpoint_that_is_no_url_are_told_in_a_line(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "localhost:9000")
    with pytest.raises(SettingsError, match="AWS_ENDPOINT_URL: expected http://HOST"):
        find(["s3://logs-of-nowhere/logs"], apart_from=tmp_path)


@pytest.mark.parametrize(
    ("bucket", "key"), [("empty-part", "logs/a//b.jsonl"), ("dots", "logs/a/../b.jsonl")]
)
def test_a_key_that_cannot_be_read_is_told_with_what_to_do(
    s3: Any, tmp_path: Path, bucket: str, key: str
) -> None:
    s3.make_bucket(bucket)
    s3.fill(bucket, ["logs/403/a.jsonl", key])
    with pytest.raises(InputError) as fault:
        find([f"s3://{bucket}/logs"], apart_from=tmp_path)
    assert "give a narrower path or a glob" in str(fault.value)
    assert "\n" not in str(fault.value)
    for narrower in ("logs/403", "logs/403/*.jsonl"):
        found = find([f"s3://{bucket}/{narrower}"], apart_from=tmp_path)
        assert [file.name for file in found.files] == [f"s3://{bucket}/logs/403/a.jsonl"]


def put_logs(scheme: str, bucket: str) -> None:
    """A record of each of three days, under logs."""
    for day in (1, 2, 9):
        key, record = f"logs/2026/09/{day:02}/a.jsonl", json.dumps(cloudtrail(day))
        obstore.put(store(scheme, bucket), key, record.encode())


def test_logs_and_lake_in_a_bucket_of_google(google: Any) -> None:
    google.make_bucket("company")
    put_logs("gs", "company")
    lake = Lake(BucketUrl("gs", "company", "lake"))
    now = datetime(2026, 9, 10, tzinfo=timezone.utc)
    first, again = (
        ingest(lake, ["gs://company/logs"], now=now, run_id=run_id) for run_id in ("1", "2")
    )
    assert (first.files, first.events) == (3, 3)
    assert (again.files, again.unchanged) == (0, 1)
    assert event_ids(lake) == ["event-1", "event-2", "event-9"]


def test_logs_and_lake_in_a_container_of_azure(azure_container: str, tmp_path: Path) -> None:
    logs = f"az://{azure_container}/logs"
    put_logs("az", azure_container)
    here, there = Lake(tmp_path / "lake"), Lake(BucketUrl("az", azure_container, "lake"))
    now = datetime(2026, 9, 10, tzinfo=timezone.utc)
    assert ingest(here, [logs], now=now, run_id="r").events == 3
    again = ingest(here, [logs], now=now, run_id="r")
    assert (again.files, again.unchanged) == (0, 1)
    outright = ingest(here, [f"{logs}/2026/09/01/a.jsonl"], now=now, run_id="r")
    assert (outright.files, outright.unchanged) == (0, 1)
    # No further than one version: Azurite does not know where a listing is to start (startFrom),
    # and delta-rs takes what comes before for a gap.
    turn = there.next_turn("events", "q")
    there.append("events", events("mine"), turn=turn)
    with pytest.raises(ConcurrentWriteError):
        there.append("events", events("theirs"), turn=turn)
    assert event_ids(there) == ["mine"]


def test_what_breaks_for_a_while_loses_and_doubles_nothing(s3: Any) -> None:
    s3.make_bucket("shaky")
    s3.make_bucket("shakylake")
    put_logs("s3", "shaky")
    lake = Lake(BucketUrl("s3", "shakylake"))
    s3.breaks(
        {"method": "GET", "path": "prefix=logs", "kind": "InternalError", "times": 2},
        {"method": "GET", "path": "/shaky/logs/2026/09/01/", "kind": "SlowDown", "times": 7},
        {"method": "GET", "path": "/shaky/logs/2026/09/02/", "kind": "cut", "times": 2},
        {"method": "GET", "path": "/shaky/logs/2026/09/09/", "kind": "reset", "times": 2},
        {"method": "PUT", "path": "parquet", "kind": "reset", "times": 2},
        {"method": "PUT", "path": "events/_delta_log/0*1.json", "kind": "lost", "times": 2},
    )
    now = datetime(2026, 9, 10, tzinfo=timezone.utc)
    ingest(lake, ["s3://shaky/logs"], now=now, run_id="r")
    assert event_ids(lake) == ["event-1", "event-2", "event-9"]


def test_a_reject_of_an_empty_object_goes_when_it_is_written(s3: Any, tmp_path: Path) -> None:
    s3.make_bucket("emptyfirst")
    lake = Lake(tmp_path / "lake")
    now = datetime(2026, 9, 10, tzinfo=timezone.utc)
    for content, rejects in ((b"", 1), (json.dumps(cloudtrail(1)).encode(), 0)):
        s3.put("emptyfirst", "logs/a.json", content)
        ingest(lake, ["s3://emptyfirst/logs"], now=now, run_id="r")
        with lake.reader(tables=["rejects"]) as reader:
            assert reader.query("from rejects").height == rejects


def test_an_object_that_goes_before_it_is_read_keeps_no_other_from_being_read(s3: Any) -> None:
    s3.make_bucket("going")
    s3.make_bucket("goinglake")
    put_logs("s3", "going")
    lake = Lake(BucketUrl("s3", "goinglake"))
    now = datetime(2026, 9, 10, tzinfo=timezone.utc)
    found = find_logs(lake, ["s3://going/logs"], lookback_days=2)
    obstore.delete(store("s3", "going"), "logs/2026/09/02/a.jsonl")
    done = bring(Way(lake=lake, run_id="r"), found, now=now).summary
    assert (done.files, done.unfinished, done.events) == (2, 1, 2)
    assert event_ids(lake) == ["event-1", "event-9"]


def test_a_bucket_that_goes_before_it_is_read_is_a_fault(s3: Any) -> None:
    s3.make_bucket("gonebucket")
    s3.make_bucket("gonelake")
    put_logs("s3", "gonebucket")
    lake = Lake(BucketUrl("s3", "gonelake"))
    found = find_logs(lake, ["s3://gonebucket/logs"], lookback_days=2)
    s3.breaks({"method": "GET", "path": "/gonebucket/", "kind": "NoSuchBucket", "times": 1000})
    with pytest.raises(InputError, match="no such bucket"):
        bring(Way(lake=lake, run_id="r"), found, now=datetime(2026, 9, 10, tzinfo=timezone.utc))


def nhiwatch(*args: str, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "pipeline", *args],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **env},
    )


def test_the_commands_go_from_bucket_to_bucket(s3: Any) -> None:
    s3.make_bucket("company-logs")
    s3.make_bucket("company-lake")
    trail = "AWSLogs/111122223333/CloudTrail/eu-central-1"
    for day in (1, 2, 9):
        records = json.dumps({"Records": [cloudtrail(10 * day + n) for n in range(3)]})
        key = f"{trail}/2026/09/{day:02}/{day}.json.gz"
        s3.put("company-logs", key, gzip.compress(records.encode()))
    lake = ("--lake", "s3://company-lake/a")

    first = json.loads(nhiwatch("ingest", "s3://company-logs", *lake, "--json").stdout)
    assert (first["files"], first["events"], first["rejects"]) == (3, 9, 0)
    assert json.loads(nhiwatch("detect", *lake, "--json").stdout)["detector_days"] >= 1

    read, asked = (len(s3.requests(kind, "company-logs")) for kind in ("get", "list"))
    again = nhiwatch("run", "s3://company-logs", *lake)
    assert again.stderr.startswith("nothing new: 1 files unchanged"), again.stderr
    assert len(s3.requests("get", "company-logs")) == read
    assert not any("01" in line for line in s3.requests("list", "company-logs")[asked:])

    assert nhiwatch("findings", *lake, "--json").returncode == 0
    statement = "select count(*) as n, min(source_file) as file from events"
    told = json.loads(nhiwatch("sql", statement, *lake, "--json").stdout)
    assert told == [{"n": 9, "file": f"s3://company-logs/{trail}/2026/09/01/1.json.gz"}]


def test_pages_over_a_bucket_read_of_it_only_what_they_had_not(
    s3: Any, lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    lake.append("events", events("a"))
    monkeypatch.setenv("NHIWATCH_LAKE", str(lake.location))
    assert isinstance(lake.location, BucketUrl)
    bucket = lake.location.bucket

    def draw(page: str) -> tuple[AppTest, int]:
        before = len(s3.requests("get", bucket))
        app = AppTest.from_string(
            f"from dashboards.screens import {page}\n{page}.draw()\n", default_timeout=60
        )
        app.query_params["q"] = "select event_id from events"
        return app.run(), len(s3.requests("get", bucket)) - before

    app, first = draw("sql")
    assert (list(app.error), app.dataframe[0].value["event_id"].to_list()) == ([], ["a"])
    looked = draw("health")[1]
    assert looked < first
    assert draw("health")[1] <= looked
    lake.append("events", events("b"))
    app, _ = draw("sql")
    assert sorted(app.dataframe[0].value["event_id"]) == ["a", "b"]


def test_a_missing_bucket_is_one_line_of_the_command(s3: Any) -> None:
    done = nhiwatch("status", "--lake", "s3://no-such-bucket/lake")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.count("\n") == 1
    assert "no such bucket" in done.stderr
