"""What a path means, on disk or in a bucket, and when a file is the same again."""

from __future__ import annotations

import gzip
import json
import re
from datetime import datetime, timezone
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pytest

from builders.cloudtrail import cloudtrail
from pipeline.buckets import BucketUrl
from pipeline.errors import InputError
from pipeline.files import BucketObject, LogObject, fetched_ahead, same_file
from pipeline.ingest import ingest
from pipeline.lake import Lake
from pipeline.paths import find


def names(*paths: str | Path, apart_from: Any = Path("no-lake")) -> list[str]:
    return [file.name for file in find(paths, apart_from=apart_from).files]


def one(path: str) -> LogObject:
    [file] = find([path], apart_from=Path("no-lake")).files
    return file


def read(file: LogObject) -> bytes:
    with file.open() as stream:
        return stream.read()


def test_files_and_objects_are_found_by_the_same_rules(s3: Any, tmp_path: Path) -> None:
    s3.make_bucket("rules")
    keys = ["a/x.json", "a/y.JSON.gz", "a/image.png", "a/.tmp/z.json", "a/lake/e.json", "a/n"]
    for key in keys:
        (tmp_path / key).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / key).write_bytes(b"{}")
    s3.fill("rules", keys)
    local = find([tmp_path / "a"], apart_from=tmp_path / "a" / "lake")
    remote = find(["s3://rules/a"], apart_from=BucketUrl("s3", "rules", "a/lake"))
    for found in (local, remote):
        assert [Path(file.name).name for file in found.files] == ["n", "x.json", "y.JSON.gz"]
        assert found.left_out == 1
    assert names("s3://rules/a/image.png") == ["s3://rules/a/image.png"]
    assert names(tmp_path / "a" / "x.json", "s3://rules/a/x.json", "s3://rules/a/*.json") == [
        str(tmp_path / "a" / "x.json"),
        "s3://rules/a/x.json",
    ]


def test_an_object_is_read_block_by_block(s3: Any) -> None:
    s3.make_bucket("large")
    content = bytes(range(256)) * 80_000
    s3.put("large", "a.log", content)
    with one("s3://large/a.log").open() as stream:
        head = stream.read(1000)
        assert len(s3.requests("get", "large/a.log")) == 1
        assert head + b"".join(iter(lambda: stream.read(1 << 20), b"")) == content
    assert len(s3.requests("get", "large/a.log")) == 3


def test_a_fingerprint_changes_with_the_content_and_reads_nothing(s3: Any) -> None:
    s3.make_bucket("prints")
    s3.put("prints", "a.json", b"1")
    s3.put("prints", "b.json", b"1")
    first = [one(f"s3://prints/{name}.json").fingerprint() for name in "ab"]
    assert first[0] != first[1]
    assert [one(f"s3://prints/{name}.json").fingerprint() for name in "ab"] == first
    s3.put("prints", "a.json", b"2")
    assert one("s3://prints/a.json").fingerprint() != first[0]
    assert s3.requests("get", "prints/") == []


def test_a_versioned_object_is_the_same_named_outright_or_found(s3: Any) -> None:
    s3.make_bucket("versioned")
    told = b"<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>"
    url, xml = f"{s3.endpoint}/versioned?versioning", {"Content-Type": "application/xml"}
    urlopen(Request(url, data=told, headers=xml, method="PUT")).close()
    s3.put("versioned", "logs/a.json")
    found, outright = one("s3://versioned/logs"), one("s3://versioned/logs/a.json")
    assert (outright.fingerprint(), outright.stamp()) == (found.fingerprint(), found.stamp())
    assert same_file(found.name, found.fingerprint()) == found


def test_an_object_that_grows_is_read_as_it_was_listed(s3: Any) -> None:
    s3.make_bucket("growing")
    s3.put("growing", "a.json", b"12345")
    listed = one("s3://growing/a.json")
    s3.put("growing", "a.json", b"1234567890")
    assert read(listed) == b"12345"


def test_a_large_log_is_read_in_few_requests(s3: Any, tmp_path: Path) -> None:
    s3.make_bucket("largelog")
    record = json.dumps(cloudtrail(1, requestParameters={"text": "x" * (1 << 20)})).encode()
    s3.put("largelog", "a.jsonl", b"\n".join([record] * 20))
    now = datetime(2026, 9, 2, tzinfo=timezone.utc)
    done = ingest(Lake(tmp_path / "lake"), ["s3://largelog"], now=now, run_id="r")
    assert (done.records, done.events) == (20, 1)
    assert len(s3.requests("get", "largelog/")) == 3


def test_an_object_that_is_gone_is_told_in_a_line(s3: Any) -> None:
    s3.make_bucket("gone")
    s3.put("gone", "a.json")
    listed = one("s3://gone/a.json")
    assert isinstance(listed, BucketObject)
    gone = BucketObject(listed.url / "b", size=3, tag="")
    with pytest.raises(InputError, match=re.escape("s3://gone/a.json/b")):
        read(gone)


def test_objects_fetched_ahead_come_in_order_and_known_ones_are_not_fetched(
    s3: Any, tmp_path: Path
) -> None:
    s3.make_bucket("ahead")
    for n in range(40):
        s3.put("ahead", f"{n:02}.json.gz", gzip.compress(f"{n}".encode()))
    (tmp_path / "x.json").write_bytes(b"x")
    files = list(find(["s3://ahead", tmp_path], apart_from=Path("no-lake")).files)
    known = {(file.name, file.fingerprint()) for file in files[:30]}
    ahead = list(fetched_ahead(files, known=known))
    assert [(file.name, file.size, file.fingerprint()) for file in ahead] == [
        (file.name, file.size, file.fingerprint()) for file in files
    ]
    assert [gzip.decompress(read(file)) for file in ahead[30:40]] == [
        b"%d" % n for n in range(30, 40)
    ]
    assert read(ahead[40]) == b"x"
    assert len(s3.requests("get", "ahead/")) == 10


def test_logs_in_the_lake_are_told_of(s3: Any) -> None:
    with pytest.raises(InputError, match="expected logs outside of the lake"):
        names("s3://b/lake/logs", apart_from=BucketUrl("s3", "b", "lake"))


def test_files_of_a_day_come_together_by_folder_or_by_name(tmp_path: Path) -> None:
    places = [
        "app.log",
        "b/2026/01/02/x.json",
        "1-a_20260101T0000Z.json",
        "2-a_20260102T0000Z.json",
    ]
    places += ["3-a_20260101T0100Z.json", "c/2026/01/01/y.json"]
    for place in places:
        (tmp_path / place).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / place).write_bytes(b"{}")
    order = [Path(name).name for name in names(tmp_path)]
    first = {"1-a_20260101T0000Z.json", "3-a_20260101T0100Z.json", "y.json"}
    assert set(order[:3]) == first
    assert set(order[3:5]) == {"x.json", "2-a_20260102T0000Z.json"}
    assert order[5] == "app.log"
