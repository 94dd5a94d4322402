"""Exactly once, whatever is killed: each event once, each file's account true, nothing lost."""

from __future__ import annotations

import gzip
import itertools
import json
import subprocess
import sys
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from builders.cloudtrail import line as record
from builders.processes import KilledError
from pipeline.ingest import Limits, Summary, ingest
from pipeline.lake import Lake
from pipeline.rejected import Asked, Replayed, replay

NOW = datetime(2026, 10, 1, tzinfo=timezone.utc)
LATER = NOW + timedelta(hours=1)
KILL = Path(__file__).parents[1] / "benchmarks" / "kill.py"


def test_killed_at_random_by_sigkill_everything_is_there_once() -> None:
    """The same script kills some hundred times when it is run by hand."""
    told = subprocess.run(
        [sys.executable, str(KILL), "--kills", "12", "--each", "12", "--seed", "7", "--json"],
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


def test_logs_that_change_beside_ingests_that_race_and_are_killed_are_there_once() -> None:
    """The same script goes on for minutes when it is run by hand."""
    told = subprocess.run(
        [sys.executable, str(KILL.with_name("races.py")), "--steps", "40", "--seed", "7"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (told.returncode, told.stderr) == (0, ""), told.stdout


def write(path: Path, records: list[str]) -> None:
    """A log or a document, compressed or not, as the name says."""
    lines, document = "\n".join(records), f'{{"Records": [{",".join(records)}]}}'
    whole = (lines if ".jsonl" in path.name else document).encode()
    path.write_bytes(gzip.compress(whole, mtime=0) if path.suffix == ".gz" else whole)


def before_commits(patch: pytest.MonkeyPatch, table: str, then: Callable[[], object]) -> None:
    """Let something happen before each commit of a table."""
    real = Lake._committed

    def interrupted(lake: Lake, name: str, *args: Any, **options: Any) -> int:
        if name == table:
            then()
        return real(lake, name, *args, **options)

    patch.setattr(Lake, "_committed", interrupted)


def kill_before(
    lake: Lake, table: str, *paths: Path, number: int = 1, limits: Limits | None = None
) -> None:
    """Ingest files up to the first commit of a table, or to that of a number."""
    numbers = itertools.count(1)

    def killed() -> None:
        if next(numbers) == number:
            raise KilledError

    with pytest.MonkeyPatch.context() as patch:
        before_commits(patch, table, killed)
        with pytest.raises(KilledError):
            ingest(lake, paths, now=NOW, run_id="killed", limits=limits)


def meanwhile(
    lake: Lake,
    table: str,
    *paths: Path,
    then: Callable[[], object],
    limits: Limits | None = None,
) -> Summary:
    """Ingest files, and let something else happen once they are read, before the first commit of a
    table; returns what the ingest did.
    """
    calls = iter([then])
    with pytest.MonkeyPatch.context() as patch:
        before_commits(patch, table, lambda: [call() for call in calls])
        return ingest(lake, paths, now=NOW, run_id="interrupted", limits=limits)


def true_accounts(lake: Lake) -> dict[str, tuple[int, int, int]]:
    """Of each file its events, duplicates and rejects; they are checked against what is there."""
    with lake.reader(tables=["events", "ingests", "rejects"]) as reader:
        counted = reader.query("select source_file, events, duplicates, rejects from ingests")
        events = reader.query("select source_file, count(*) from events group by 1").rows()
        rejects = reader.query("select source_file, count(*) from rejects group by 1").rows()
    accounts = {file: (e, d, r) for file, e, d, r in counted.rows()}
    assert {file: e for file, (e, _, _) in accounts.items() if e} == dict(events)
    assert {file: r for file, (_, _, r) in accounts.items() if r} == dict(rejects)
    return accounts


@pytest.fixture
def pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files are read in pieces of a few records."""
    monkeypatch.setattr("pipeline.growth._BLOCK", 600)
    monkeypatch.setattr("pipeline.records._PIECE", 600)
    monkeypatch.setattr("pipeline.decompressing._FEED", 40)


@pytest.mark.parametrize("table", ["rejects", "ingests"])
def test_a_file_killed_before_its_account_is_no_copy_of_its_copy(
    lake: Lake, tmp_path: Path, table: str
) -> None:
    path, copy = tmp_path / "a.jsonl", tmp_path / "copy.jsonl"
    for each in (path, copy):
        write(each, [*(record(n) for n in range(10)), "{half"])
    kill_before(lake, table, path)
    for late in (copy, path):
        ingest(lake, [late], now=NOW, run_id="r")
    assert true_accounts(lake) == {str(path): (10, 0, 1), str(copy): (0, 10, 1)}


@pytest.mark.parametrize("name", ["a.json", "a.json.gz", "a.jsonl", "a.jsonl.gz"])
@pytest.mark.parametrize("copies", [1, 2])
@pytest.mark.parametrize("table", ["rejects", "ingests"])
def test_a_file_killed_before_its_account_has_one_when_it_is_moved(
    lake: Lake, tmp_path: Path, name: str, copies: int, table: str
) -> None:
    records = [*(record(n) for n in range(10)), '{"eventVersion": "1.11"}']
    paths = [tmp_path / str(n) / name for n in range(copies)]
    for path in paths:
        path.parent.mkdir()
        write(path, records)
    kill_before(lake, table, *paths)
    moved = [path.rename(path.with_name(f"moved-{name}")) for path in paths]
    for _ in range(2):
        ingest(lake, moved, now=NOW, run_id="r")
    events, _, rejects = map(sum, zip(*true_accounts(lake).values(), strict=True))
    # A document that comes twice in one ingest is read once.
    assert (events, rejects) == (10, copies if ".jsonl" in name else 1)


@pytest.mark.parametrize("name", ["a.json", "a.json.gz", "a.jsonl.gz"])
def test_a_file_killed_before_its_account_has_one_when_its_copy_is_moved(
    lake: Lake, tmp_path: Path, name: str
) -> None:
    path, copy = tmp_path / name, tmp_path / f"copy-of-{name}"
    for each in (path, copy):
        write(each, [record(n) for n in range(10)])
    kill_before(lake, "ingests", path)
    ingest(lake, [copy], now=NOW, run_id="r")
    moved = copy.rename(tmp_path / f"moved-{name}")
    ingest(lake, [path, moved], now=NOW, run_id="r")
    accounts = true_accounts(lake)
    assert accounts[str(path)] == (10, 0, 0)
    assert accounts[str(copy)] == (0, 10, 0)


@pytest.mark.parametrize("moved", ["a.jsonl", "b.jsonl"])
def test_of_a_log_and_its_copy_that_were_killed_one_is_moved(
    lake: Lake, tmp_path: Path, moved: str
) -> None:
    for name in ("a.jsonl", "b.jsonl"):
        write(tmp_path / name, [*(record(n) for n in range(3)), "{torn", record(3)])
    kill_before(lake, "rejects", *tmp_path.glob("*.jsonl"))
    (tmp_path / moved).rename(tmp_path / f"aa-{moved}")
    for _ in range(2):
        ingest(lake, sorted(tmp_path.glob("*.jsonl")), now=NOW, run_id="r")
    assert sum(events for events, _, _ in true_accounts(lake).values()) == 4


@pytest.mark.parametrize("before", [0, 3], ids=["new", "grown"])
def test_half_a_line_that_a_killed_ingest_told_of_is_no_reject_once_it_is_whole(
    lake: Lake, tmp_path: Path, before: int
) -> None:
    path = tmp_path / "a.jsonl"
    if before:
        path.write_text("".join(f"{record(n)}\n" for n in range(before)))
        ingest(lake, [path], now=NOW, run_id="r")
    write(path, [*(record(n) for n in range(before + 1)), record(before + 1)[:50]])
    kill_before(lake, "ingests", path)
    write(path, [record(n) for n in range(before + 2)])
    ingest(lake, [path], now=NOW, run_id="r")
    assert true_accounts(lake) == {str(path): (before + 2, 0, 0)}


@pytest.mark.parametrize("name", ["a.json", "a.json.gz", "a.jsonl", "a.jsonl.gz"])
@pytest.mark.parametrize("table", ["events", "ingests"])
@pytest.mark.parametrize("commit", [2, 3])
def test_of_a_file_that_a_killed_ingest_broke_off_in_the_rest_comes(
    lake: Lake, tmp_path: Path, pieces: None, name: str, table: str, commit: int
) -> None:
    path = tmp_path / name
    records = [*(record(n) for n in range(8)), "{}", *(record(n) for n in range(8, 16))]
    write(path, records)
    kill_before(lake, table, path, number=commit, limits=Limits(batch_bytes=1, batches_in_commit=1))
    with lake.reader(tables=["events"]) as reader:
        assert 0 < reader.columns("events", ["event_id"]).height < 16
    ingest(lake, [path], now=NOW, run_id="r")
    assert true_accounts(lake) == {str(path): (16, 0, 1)}


@pytest.mark.parametrize("name", ["a.json", "a.json.gz"])
def test_what_a_killed_ingest_rejected_of_a_document_and_the_next_takes_is_no_reject(
    lake: Lake, tmp_path: Path, pieces: None, name: str
) -> None:
    path = tmp_path / name
    write(path, [record(n) for n in range(8, 12)])
    first = Limits(max_record_bytes=len(record(8)), batch_bytes=1, batches_in_commit=1)
    kill_before(lake, "events", path, number=2, limits=first)
    ingest(lake, [path], now=NOW, run_id="r")
    assert true_accounts(lake) == {str(path): (4, 0, 0)}


def test_what_a_file_was_is_forgotten_though_who_read_on_was_killed(
    lake: Lake, tmp_path: Path
) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text(record(0)[:50])
    ingest(lake, [path], now=NOW, run_id="r")
    write(path, [record(0), record(1)])
    kill_before(lake, "ingests", path)
    ingest(lake, [path], now=NOW, run_id="r")
    assert true_accounts(lake) == {str(path): (2, 0, 0)}


def test_rejects_that_a_killed_ingest_has_landed_are_replayed(lake: Lake, tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    write(path, [record(n) for n in range(5, 15)])
    first, later = Limits(max_record_bytes=len(record(5))), Limits()
    kill_before(lake, "ingests", path, limits=first)
    assert replay(lake, Asked(), now=LATER, run_id="r", limits=later) == Replayed(tried=5, events=5)
    assert true_accounts(lake) == {str(path): (10, 0, 0)}
    assert ingest(lake, [path], now=NOW, run_id="r", limits=first).unchanged == 1


def test_events_of_two_files_stay_with_the_one_that_was_killed_before_its_account(
    lake: Lake, tmp_path: Path
) -> None:
    first, second = tmp_path / "a.jsonl", tmp_path / "b.jsonl"
    write(first, [record(n) for n in range(6)])
    write(second, [record(n) for n in range(4, 10)])
    kill_before(lake, "ingests", second)
    ingest(lake, [first, second], now=NOW, run_id="r")
    assert true_accounts(lake) == {str(first): (4, 2, 0), str(second): (6, 0, 0)}


@pytest.mark.parametrize("before", [0, 3], ids=["new", "grown"])
@pytest.mark.parametrize("whole", [True, False])
@pytest.mark.parametrize("table", ["events", "rejects"])
def test_half_a_line_that_another_ingest_read_whole_is_no_reject(
    lake: Lake, tmp_path: Path, before: int, whole: bool, table: str
) -> None:
    path = tmp_path / "a.jsonl"
    if before:
        path.write_text("".join(f"{record(n)}\n" for n in range(before)))
        ingest(lake, [path], now=NOW, run_id="r")
    write(path, [*(record(n) for n in range(before + 1)), record(before + 1)[:50]])

    def written_on_and_read() -> None:
        last = record(before + 1) if whole else record(before + 1)[:60]
        write(path, [*(record(n) for n in range(before + 1)), last, record(before + 2)])
        ingest(lake, [path], now=NOW, run_id="r")

    meanwhile(lake, table, path, then=written_on_and_read)
    rejects = 0 if whole else 1
    assert true_accounts(lake) == {str(path): (before + 3 - rejects, 0, rejects)}


@pytest.mark.parametrize("name", ["a.json", "a.json.gz", "a.jsonl", "a.jsonl.gz"])
@pytest.mark.parametrize("first", [0, 3], ids=["begins alike", "begins otherwise"])
def test_a_file_killed_before_its_account_has_one_when_it_holds_something_else(
    lake: Lake, tmp_path: Path, name: str, first: int
) -> None:
    path, later = tmp_path / name, tmp_path / f"later-{name}"
    before = [*(record(n) for n in range(3)), '{"eventVersion": "1.11"}']
    write(path, before)
    kill_before(lake, "ingests", path)
    write(path, [record(n) for n in (first, 4, 5)])
    ingest(lake, [path], now=NOW, run_id="r")
    duplicates = 1 if first == 0 else 0
    old, new = (3, 0, 1), (3 - duplicates, duplicates, 0)
    assert accounts_of_contents(lake, path) == sorted([old, new])
    # It is as if the file had been renamed before something else got its name.
    write(later, before)
    ingest(lake, [later], now=NOW, run_id="r")
    assert accounts_of_contents(lake, path) == sorted([old, new])
    assert accounts_of_contents(lake, later) in ([(0, 0, 0)], [])


def accounts_of_contents(lake: Lake, path: Path) -> list[tuple[int, int, int]]:
    """Events, duplicates and rejects of each content that a file had; they are checked against what
    is there.
    """
    names = ["source_file", "fingerprint"]
    with lake.reader(tables=["events", "ingests", "rejects"]) as reader:
        there = [reader.columns(table, names) for table in ("events", "rejects")]
        told = reader.columns("ingests", [*names, "events", "duplicates", "rejects"])
    is_of_it = pl.col("source_file") == str(path)
    events, rejects = (
        dict(table.filter(is_of_it).group_by("fingerprint").len().rows()) for table in there
    )
    accounts = told.filter(is_of_it).drop("source_file").rows()
    assert {print_: e for print_, e, _, _ in accounts if e} == events
    assert {print_: r for print_, _, _, r in accounts if r} == rejects
    return sorted((e, d, r) for _, e, d, r in accounts)


@pytest.mark.parametrize("name", ["a.json", "a.json.gz", "a.jsonl", "a.jsonl.gz"])
@pytest.mark.parametrize("bad", [record(0).replace("eventID", "id"), '{"of": "no source"}'])
def test_rejects_alone_of_a_killed_ingest_have_an_account_when_their_file_is_moved(
    lake: Lake, tmp_path: Path, name: str, bad: str
) -> None:
    path = tmp_path / name
    write(path, [bad, bad])
    kill_before(lake, "ingests", path)
    moved = path.rename(tmp_path / f"moved-{name}")
    ingest(lake, [moved], now=NOW, run_id="r")
    assert sum(rejects for _, _, rejects in true_accounts(lake).values()) in (1, 2)


def test_half_a_line_that_only_the_first_of_two_ingests_has_seen_is_a_reject(
    lake: Lake, tmp_path: Path
) -> None:
    path = tmp_path / "a.jsonl"
    whole = [record(n) for n in range(3)]
    write(path, [*whole, ""])

    def written_on_and_read() -> None:
        write(path, [*whole, record(3)[:50]])
        ingest(lake, [path], now=NOW, run_id="r")

    meanwhile(lake, "events", path, then=written_on_and_read)
    assert true_accounts(lake) == {str(path): (3, 0, 1)}


def test_a_commit_whose_answer_is_lost_is_booked_once(
    lake: Lake, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    path = tmp_path / "a.jsonl"
    write(path, [record(0), "{torn", ""])
    ingest(lake, [path], now=NOW, run_id="r")
    write(path, [record(0), "{torn", record(1), "{torn too", record(2), ""])
    request.getfixturevalue("lost_answer")
    assert ingest(lake, [path], now=NOW, run_id="r").events == 2
    assert true_accounts(lake) == {str(path): (3, 0, 2)}


def test_a_document_that_another_ingest_is_at_work_on_is_left_to_it(
    lake: Lake, tmp_path: Path, pieces: None
) -> None:
    document, other = tmp_path / "a.json", tmp_path / "b.json"
    write(document, [record(n) for n in range(16)])
    write(other, [record(n) for n in range(16, 18)])
    by_pieces = Limits(batch_bytes=1, batches_in_commit=1)

    def begins() -> None:
        kill_before(lake, "events", document, number=2, limits=by_pieces)

    told = meanwhile(lake, "events", document, other, then=begins, limits=by_pieces)
    assert (told.files, told.unfinished) == (1, 1)
    assert true_accounts(lake)[str(other)] == (2, 0, 0)
    ingest(lake, [document, other], now=NOW, run_id="r")
    assert true_accounts(lake) == {str(document): (16, 0, 0), str(other): (2, 0, 0)}


def test_what_another_ingest_has_read_meanwhile_is_looked_at_again(
    lake: Lake, tmp_path: Path
) -> None:
    path, other = tmp_path / "a.jsonl", tmp_path / "b.jsonl"
    write(path, [record(0), record(1), ""])
    write(other, [record(2), ""])

    def written_on_and_read() -> None:
        write(path, [record(0), "{torn", record(1), record(3), ""])
        ingest(lake, [path], now=NOW, run_id="r")

    told = meanwhile(lake, "events", path, other, then=written_on_and_read)
    assert (told.files, told.unchanged, told.events) == (1, 1, 1)
    assert true_accounts(lake) == {str(path): (3, 0, 1), str(other): (1, 0, 0)}


def test_of_copies_of_a_rotated_log_the_longest_is_read_to_its_end(
    lake: Lake, tmp_path: Path
) -> None:
    path = tmp_path / "app.log"
    write_lines(path, range(1))
    ingest(lake, [path], now=NOW, run_id="r")
    for name, lines in (("app.log.1", 4), ("app.log.2", 2), ("app.log.3", 3)):
        write_lines(tmp_path / name, range(lines))
    write_lines(path, range(9, 10))
    told = ingest(lake, [tmp_path], now=NOW, run_id="r")
    assert (told.events, told.unfinished) == (4, 0)
    assert sum(events for events, _, _ in accounts_of_contents(lake, path)) == 5


def test_what_a_copy_ends_in_is_a_reject_though_its_original_was_written_on(
    lake: Lake, tmp_path: Path
) -> None:
    path, copy = tmp_path / "app.jsonl", tmp_path / "copy.jsonl"
    write(path, [record(0), record(1)[:50]])
    ingest(lake, [path], now=NOW, run_id="r")
    write(copy, [record(0), record(1)[:50]])
    write(path, [record(0), record(1), ""])
    ingest(lake, [copy, path], now=NOW, run_id="r")
    assert true_accounts(lake) == {str(path): (2, 0, 0), str(copy): (0, 1, 1)}


def write_lines(path: Path, numbers: Iterable[int]) -> None:
    path.write_text("".join(f"{record(n)}\n" for n in numbers))


def test_a_file_that_is_gone_when_it_is_to_be_looked_at_again_is_left(
    lake: Lake, tmp_path: Path
) -> None:
    path, other = tmp_path / "a.jsonl", tmp_path / "b.jsonl"
    write(path, [record(0), ""])
    write(other, [record(1), ""])

    def read_and_gone() -> None:
        ingest(lake, [path], now=NOW, run_id="r")
        path.unlink()

    told = meanwhile(lake, "events", path, other, then=read_and_gone)
    assert (told.files, told.unfinished) == (1, 1)
    assert true_accounts(lake) == {str(path): (1, 0, 0), str(other): (1, 0, 0)}


@pytest.mark.parametrize("in_one", [True, False], ids=["one commit", "a commit each"])
def test_what_is_told_of_a_copy_in_the_same_ingest_is_what_is_booked(
    lake: Lake, tmp_path: Path, in_one: bool
) -> None:
    for name in ("a.json", "b.json"):
        write(tmp_path / name, [record(n) for n in range(3)])
    limits = Limits() if in_one else Limits(batch_bytes=1, batches_in_commit=1)
    told = ingest(lake, sorted(tmp_path.glob("*.json")), now=NOW, run_id="r", limits=limits)
    assert (told.records, told.events, told.duplicates) == (6, 3, 3)
    assert sorted(true_accounts(lake).values()) == [(0, 3, 0), (3, 0, 0)]
