"""Exactly once, whatever is killed: each event once, each file's account true, nothing lost."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest

from pipeline.ingest import ingest
from pipeline.lake import Lake

NOW = datetime(2026, 10, 1, tzinfo=timezone.utc)
KILL = Path(__file__).parents[1] / "benchmarks" / "kill.py"


def test_killed_at_random_by_sigkill_everything_is_there_once() -> None:
    """The same script kills some hundred times when it is run by hand."""
    told = subprocess.run(
        [sys.executable, str(KILL), "--kills", "12", "--seed", "7", "--json"],
        capture_output=True,
        text=True,
        check=False,
    )
    result = json.loads(told.stdout)
    assert told.stderr == ""
    assert [lake["after"] for lake in result["rounds"]] == [
        lake["expected"] for lake in result["rounds"]
    ]
    assert result["failed"] == 0
    assert len(result["kills"]) >= 12
    assert {kill["kind"] for kill in result["kills"]} == {"time", "file"}


class KilledError(BaseException):
    """As good as SIGKILL: nothing in the pipeline catches it."""


def record(n: int) -> str:
    told = {
        "eventVersion": "1.11",
        "userIdentity": {"type": "Root", "accountId": "111122223333"},
        "eventTime": f"2026-09-01T00:{n:02}:00Z",
        "eventSource": "s3.amazonaws.com",
        "eventName": "ListBuckets",
        "eventID": f"event-{n}",
    }
    return json.dumps(told)


def kill_before_the_account(lake: Lake, *paths: Path) -> None:
    """Ingest files up to their events, and no further."""

    def killed(*_: Any, **__: Any) -> None:
        raise KilledError

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Lake, "append_new", killed)
        with pytest.raises(KilledError):
            ingest(lake, paths, now=NOW, run_id="killed")


def test_a_file_killed_before_its_account_is_no_copy_of_its_copy(
    lake: Lake, tmp_path: Path
) -> None:
    path, copy = tmp_path / "a.jsonl", tmp_path / "copy.jsonl"
    for each in (path, copy):
        each.write_text("\n".join(record(n) for n in range(10)))
    kill_before_the_account(lake, path)
    for late in (copy, path):
        ingest(lake, [late], now=NOW, run_id="r")
    with lake.reader(tables=["events", "ingests"]) as reader:
        told = reader.query("select source_file, events, duplicates from ingests order by 1")
        [(events,)] = reader.query("select count(*) from events").rows()
    assert events == 10
    assert told.rows() == [(str(path), 10, 0), (str(copy), 0, 10)]


@pytest.mark.parametrize("name", ["a.json", "a.json.gz", "a.jsonl", "a.jsonl.gz"])
@pytest.mark.parametrize("copies", [1, 2])
def test_a_file_killed_before_its_account_has_one_when_it_is_moved(
    lake: Lake, tmp_path: Path, name: str, copies: int
) -> None:
    between = "\n" if "jsonl" in name else ",\n"
    text = between.join(record(n) for n in range(10))
    whole = (text if "jsonl" in name else f'{{"Records": [{text}]}}').encode()
    paths = [tmp_path / str(n) / name for n in range(copies)]
    for path in paths:
        path.parent.mkdir()
        path.write_bytes(gzip.compress(whole) if name.endswith("gz") else whole)
    kill_before_the_account(lake, *paths)
    moved = [path.rename(path.with_name(f"moved-{name}")) for path in paths]
    for _ in range(2):
        ingest(lake, moved, now=NOW, run_id="r")
    with lake.reader(tables=["events", "ingests"]) as reader:
        told = reader.query(
            "select source_file, i.events, count(e.event_id) from ingests as i "
            "left join events as e using (source_file) group by all"
        )
        [(events,)] = reader.query("select count(*) from events").rows()
    assert events == 10
    assert told["events"].sum() == 10
    assert all(counted == there for _, counted, there in told.iter_rows())


def test_events_of_two_files_stay_with_the_one_that_was_killed_before_its_account(
    lake: Lake, tmp_path: Path
) -> None:
    first, second = tmp_path / "a.jsonl", tmp_path / "b.jsonl"
    first.write_text("\n".join(record(n) for n in range(6)))
    second.write_text("\n".join(record(n) for n in range(4, 10)))
    kill_before_the_account(lake, second)
    ingest(lake, [first, second], now=NOW, run_id="r")
    with lake.reader(tables=["events", "ingests"]) as reader:
        told = reader.query("select source_file, events, duplicates from ingests order by 1")
        [(events,)] = reader.query("select count(*) from events").rows()
    assert events == 10
    assert told.rows() == [(str(first), 4, 2), (str(second), 6, 0)]
