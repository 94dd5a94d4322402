"""Rejects: listed, exported, and replayed by a version that reads them, each event once."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from builders.cloudtrail import cloudtrail as record
from builders.growing import bring
from builders.processes import KilledError, started
from builders.stored import rows
from pipeline.errors import InputError, NotFoundError
from pipeline.ingest import Limits
from pipeline.lake import Lake
from pipeline.rejected import Asked, Replayed, export, listed, replay, shown
from pipeline.sources import Source

NOW = datetime(2026, 10, 1, tzinfo=timezone.utc)
LATER = NOW + timedelta(hours=1)
EVERYTHING = Asked()


def odd(n: int, **over: Any) -> dict[str, Any]:
    """A record that the older version does not understand."""
    return record(n, userAgent="odd", **over)


def write(path: Path, *records: Any) -> Path:
    lines = [text if isinstance(text, str) else json.dumps(text) for text in records]
    path.write_text("\n".join(lines))
    return path


@pytest.fixture
def older(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """The version before this one: it rejects odd records. Undo it, and this version is back."""
    real = Source.select
    assert isinstance(real, property)

    def select(source: Source) -> str:
        assert real.fget is not None
        return (
            "select * replace (if(user_agent = 'odd', 'expected an even record', problem)"
            f" as problem) from ({real.fget(source)})"
        )

    monkeypatch.setattr(Source, "select", property(select))
    return monkeypatch


def again(lake: Lake, asked: Asked = EVERYTHING, **options: Any) -> Replayed:
    return replay(lake, asked, run_id="again", **{"now": LATER, **options})


def counts(lake: Lake) -> list[tuple[int, int, int]]:
    """Events, duplicates and rejects of each file, in order of its name."""
    return rows(lake, "select events, duplicates, rejects from ingests order by source_file")


# -- what is tried, and what becomes of it


def test_a_record_that_is_understood_now_becomes_an_event_where_it_was(
    lake: Lake, tmp_path: Path, older: pytest.MonkeyPatch
) -> None:
    path = write(tmp_path / "a.jsonl", record(0), odd(1), odd(2), "{half")
    bring(lake, path)
    assert counts(lake) == [(1, 0, 3)]
    older.undo()
    path.unlink()  # the kept texts are enough
    assert again(lake) == Replayed(tried=2, events=2, rejects=0, untried=1)
    told = "select event_id, source_file, record_index from events order by 3"
    assert rows(lake, told) == [(f"event-{n}", str(path), n) for n in range(3)]
    assert rows(lake, "select record_index from rejects") == [(3,)]
    assert counts(lake) == [(3, 0, 1)]


def test_a_second_replay_changes_nothing(
    lake: Lake, tmp_path: Path, older: pytest.MonkeyPatch
) -> None:
    bring(lake, write(tmp_path / "a.jsonl", record(0), odd(1)))
    older.undo()
    again(lake)
    before = rows(lake, "select * from events order by event_id")
    assert again(lake) == Replayed()
    assert rows(lake, "select * from events order by event_id") == before


def test_what_fails_again_stays_with_its_reason_of_today(
    lake: Lake, tmp_path: Path, older: pytest.MonkeyPatch
) -> None:
    bring(lake, write(tmp_path / "a.jsonl", record(0), odd(1, eventTime="noon"), "{half", ""))
    older.undo()
    assert again(lake) == Replayed(tried=2, rejects=2)
    told = dict(rows(lake, "select record_index, reason from rejects"))
    assert "noon" in told[1]
    assert "JSON" in told[2]
    assert counts(lake) == [(1, 0, 2)]


def test_an_event_that_another_file_brought_is_a_duplicate(
    lake: Lake, tmp_path: Path, older: pytest.MonkeyPatch
) -> None:
    bring(lake, write(tmp_path / "a.jsonl", odd(1)))
    older.undo()
    bring(lake, write(tmp_path / "b.jsonl", record(1)))
    assert again(lake) == Replayed(tried=1, duplicates=1)
    assert counts(lake) == [(0, 1, 0), (1, 0, 0)]
    assert rows(lake, "select count(*) from events") == [(1,)]


def test_only_those_asked_for_are_tried(
    lake: Lake, tmp_path: Path, older: pytest.MonkeyPatch
) -> None:
    bring(lake, write(tmp_path / "a.jsonl", odd(1), odd(2)), write(tmp_path / "b.jsonl", odd(3)))
    older.undo()
    with lake.reader(tables=["rejects"]) as reader:
        ids = listed(reader, EVERYTHING)["reject_id"].to_list()
        [one] = listed(reader, Asked(reject_id=ids[0][:8])).rows(named=True)
        assert listed(reader, Asked(reason="EVEN record")).height == 3
        assert listed(reader, Asked(source="otel_genai")).height == 0
        assert listed(reader, Asked(since=LATER.date() + timedelta(days=1))).height == 0
    assert again(lake, Asked(reject_id=one["reject_id"])).events == 1
    assert again(lake, Asked(file="b.jsonl")).events == 1
    assert rows(lake, "select count(*) from rejects") == [(1,)]
    assert [row[2] for row in counts(lake)] == [1, 0]


def test_small_batches_replay_all_the_same(
    lake: Lake, tmp_path: Path, older: pytest.MonkeyPatch
) -> None:
    paths = [write(tmp_path / f"{n}.jsonl", *(odd(10 * n + k) for k in range(3))) for n in range(3)]
    bring(lake, *paths)
    older.undo()
    paths[0].unlink()
    assert again(lake, limits=Limits(batch_bytes=700)) == Replayed(tried=9, events=9)
    assert counts(lake) == [(3, 0, 0)] * 3


def test_a_batch_of_nothing_but_rejects_lands(lake: Lake, tmp_path: Path) -> None:
    summary = bring(lake, write(tmp_path / "a.jsonl", record(0, eventTime="noon")))
    assert (summary.events, summary.rejects) == (0, 1)


@pytest.mark.parametrize("given", [None, "otel_genai"])
def test_what_is_no_reject_keeps_its_source_and_its_account(
    lake: Lake, tmp_path: Path, given: str | None
) -> None:
    of_another_service = [record(n, eventSource="s3.minio.local") for n in range(2)]
    path = write(tmp_path / "a.jsonl", *of_another_service, "{torn", record(3), "")
    bring(lake, path, source="aws_cloudtrail")
    assert counts(lake) == [(3, 0, 1)]
    for _ in range(2):
        assert again(lake, taken_for=given) == Replayed(tried=1, rejects=1)
        assert counts(lake) == [(3, 0, 1)]
    assert rows(lake, "select record_index from rejects") == [(2,)]


def span(n: int, agent: str) -> dict[str, Any]:
    attribute = {"key": "user_agent.original", "value": {"stringValue": agent}}
    return {
        "traceId": "0a" * 16,
        "spanId": f"{n:016}",
        "startTimeUnixNano": "1773998400000000000",
        "attributes": [attribute],
    }


@pytest.mark.parametrize("way", ["text", "file"])
def test_of_a_record_that_is_half_rejected_each_span_is_counted_once(
    lake: Lake, tmp_path: Path, older: pytest.MonkeyPatch, way: str
) -> None:
    kept = Limits(reject_text_bytes=100 if way == "file" else 65_536)
    spans = [span(1, "even"), span(2, "odd"), span(3, "odd")]
    for name, these in (("a.jsonl", spans[:1]), ("b.jsonl", spans)):
        request = {"resourceSpans": [{"scopeSpans": [{"spans": these}]}]}
        bring(lake, write(tmp_path / name, request), limits=kept)
    first, second, third = (LATER + timedelta(hours=n) for n in range(3))
    for now in (first, second):
        assert again(lake, now=now, limits=kept) == Replayed(tried=1, rejects=1)
    assert counts(lake) == [(1, 0, 0), (0, 0, 1)]
    older.undo()
    assert again(lake, now=third, limits=kept) == Replayed(tried=1, events=2, duplicates=1)
    assert counts(lake) == [(1, 0, 0), (2, 1, 0)]


# -- texts that were cut, files that were rejected as a whole


def test_a_text_that_was_cut_is_read_from_its_file(lake: Lake, tmp_path: Path) -> None:
    long = record(1, userAgent="x" * 3000)
    path = write(tmp_path / "a.jsonl", record(0), long, record(2))
    small = Limits(max_record_bytes=2000, reject_text_bytes=100)
    bring(lake, path, limits=small)
    assert again(lake, limits=small) == Replayed(tried=1, rejects=1)
    assert again(lake, now=LATER + timedelta(hours=1)) == Replayed(tried=1, events=1)
    assert rows(lake, "select event_id, record_index from events order by 2") == [
        (f"event-{n}", n) for n in range(3)
    ]
    assert counts(lake) == [(3, 0, 0)]


@pytest.mark.parametrize("change", ["gone", "changed"])
def test_a_text_that_was_cut_stays_if_its_file_is_not_the_same(
    lake: Lake, tmp_path: Path, change: str
) -> None:
    path = write(tmp_path / "a.jsonl", record(0), record(1, userAgent="x" * 3000))
    bring(lake, path, limits=Limits(max_record_bytes=2000, reject_text_bytes=100))
    path.unlink()
    if change == "changed":
        write(path, record(7))
    assert again(lake) == Replayed(untried=1)
    assert counts(lake) == [(1, 0, 1)]


def test_a_file_rejected_as_a_whole_is_read_again_as_a_whole(lake: Lake, tmp_path: Path) -> None:
    path = write(tmp_path / "a.jsonl", "nonsense", record(0), record(1, eventTime="noon"))
    bring(lake, path, source="otel_genai")
    lines = [{"ts": 1}, {"ts": 2}]
    other = write(tmp_path / "b.jsonl", *lines)
    bring(lake, other)
    assert rows(lake, "select source from ingests order by source_file")[1] == (None,)
    assert again(lake, Asked(file="b.jsonl")) == Replayed(tried=1, rejects=1)
    done = again(lake, Asked(file="b.jsonl"), taken_for="aws_cloudtrail")
    assert done == Replayed(tried=1, rejects=2)
    told = rows(lake, "select record_index, source from rejects where source_file like '%b.jsonl'")
    assert sorted(told) == [(0, "aws_cloudtrail"), (1, "aws_cloudtrail")]
    assert again(lake, Asked(file="a.jsonl"), taken_for="aws_cloudtrail").events == 1
    assert counts(lake) == [(1, 0, 2), (0, 0, 2)]


def test_a_log_rejected_as_a_whole_is_not_replayed_from_what_has_its_name_by_now(
    lake: Lake, tmp_path: Path
) -> None:
    path = write(tmp_path / "a.jsonl", {"ts": 1}, {"ts": 2}, "")
    bring(lake, path)
    write(path, record(3), record(4), "")
    assert again(lake, taken_for="aws_cloudtrail") == Replayed(untried=1)
    assert rows(lake, "select record_index from rejects") == [(-1,)]
    assert rows(lake, "select * from events") == []
    write(path, {"ts": 1}, {"ts": 2}, {"ts": 3}, "")
    assert again(lake, taken_for="aws_cloudtrail") == Replayed(tried=1, rejects=3)


# -- logs that went on meanwhile


@pytest.mark.parametrize("understood", [True, False])
def test_a_log_tried_as_of_another_source_in_vain_is_read_on_as_of_its_own(
    lake: Lake, tmp_path: Path, older: pytest.MonkeyPatch, understood: bool
) -> None:
    path = write(tmp_path / "a.log", record(0) if understood else odd(0), odd(1), odd(2), "")
    bring(lake, path)
    sources = "select source from ingests union select source from rejects"
    before = rows(lake, "select * from rejects order by all")
    few = Limits(batch_bytes=10)
    for limits in (None, few):
        told = again(lake, taken_for="otel_genai", limits=limits)
        assert (told.events, told.rejects) == (0, len(before))
        assert rows(lake, "select * from rejects order by all") == before
        assert rows(lake, sources) == [("aws_cloudtrail",)]
    older.undo()
    with path.open("a") as log:
        log.write(json.dumps(record(3)) + "\n")
    assert bring(lake, path).events == 1
    assert again(lake).events == len(before)
    assert rows(lake, "select * from rejects") == []


def test_a_file_taken_for_the_wrong_source_is_of_the_one_that_understands_it(
    lake: Lake, tmp_path: Path
) -> None:
    path = write(tmp_path / "a.log", record(0), record(1), "")
    bring(lake, path, source="otel_genai")
    assert again(lake, taken_for="aws_cloudtrail") == Replayed(tried=2, events=2)
    assert rows(lake, "select source from ingests") == [("aws_cloudtrail",)]


def test_what_the_next_log_of_a_name_brought_is_not_of_the_one_before(
    lake: Lake, tmp_path: Path
) -> None:
    path = write(tmp_path / "app.log", record(0), record(1, eventID=""), record(2), "")
    bring(lake, path)
    path.rename(tmp_path / "app.log.1")
    bring(lake, write(path, *(record(n) for n in range(10, 13)), ""))
    assert again(lake) == Replayed(tried=1, rejects=1)
    assert sorted(counts(lake)) == [(2, 0, 1), (3, 0, 0)]


def test_rejects_of_two_logs_of_one_name_are_tried_apart(
    lake: Lake, tmp_path: Path, older: pytest.MonkeyPatch
) -> None:
    path = write(tmp_path / "app.log", record(0, eventID=""), odd(1), "")
    bring(lake, path)
    bring(lake, write(path, record(0, eventID=""), odd(2), record(3), ""))
    older.undo()
    assert again(lake) == Replayed(tried=4, events=2, rejects=2)
    assert sorted(counts(lake)) == [(1, 0, 1), (2, 0, 1)]
    assert rows(lake, "select record_index from rejects") == [(0,), (0,)]


def test_what_a_log_ended_in_is_left_to_the_ingest_that_reads_on(
    lake: Lake, tmp_path: Path
) -> None:
    path = write(tmp_path / "a.jsonl", record(0), json.dumps(record(1))[:50])
    bring(lake, path)
    write(path, record(0), record(1), "")
    assert again(lake) == Replayed(untried=1)
    bring(lake, path)
    assert counts(lake) == [(2, 0, 0)]


# -- replays that are killed


def kill_replay(lake: Lake, at: str, **options: Any) -> None:
    """Replay rejects, all if none are `asked` for, up to the first call of this method."""

    def killed(*_: Any, **__: Any) -> None:
        raise KilledError

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Lake, at, killed)
        with pytest.raises(KilledError):
            again(lake, **options)


@pytest.mark.parametrize(
    ("at", "way"),
    [
        ("commit", "text"),
        ("remove", "text"),
        ("put", "text"),
        ("put", "file"),
    ],
)
def test_a_killed_replay_is_completed_by_the_next(
    lake: Lake, tmp_path: Path, older: pytest.MonkeyPatch, at: str, way: str
) -> None:
    path = write(tmp_path / "a.jsonl", record(0), odd(1), odd(2, eventTime="noon"), odd(3))
    bring(lake, path, limits=Limits(reject_text_bytes=100 if way == "file" else 65_536))
    older.undo()
    kill_replay(lake, at)
    again(lake, now=LATER + timedelta(hours=1))
    told = rows(lake, "select event_id, record_index from events order by 2")
    assert told == [("event-0", 0), ("event-1", 1), ("event-3", 3)]
    assert [row[0] for row in rows(lake, "select record_index from rejects")] == [2]
    assert counts(lake) == [(3, 0, 1)]


@pytest.mark.parametrize("at", ["commit", "remove", "put"])
def test_what_another_file_had_brought_is_counted_once_though_a_replay_is_killed(
    lake: Lake, tmp_path: Path, older: pytest.MonkeyPatch, at: str
) -> None:
    first = write(tmp_path / "a.jsonl", record(1), record(2))
    bring(lake, first, write(tmp_path / "b.jsonl", odd(1), record(3), odd(2)))
    older.undo()
    kill_replay(lake, at)
    again(lake, now=LATER + timedelta(hours=1))
    assert counts(lake) == [(2, 0, 0), (1, 2, 0)]
    assert rows(lake, "select * from rejects") == []


@pytest.mark.parametrize("at", ["commit", "remove", "put"])
def test_what_a_killed_replay_of_some_rejects_counted_is_not_counted_by_one_of_all(
    lake: Lake, tmp_path: Path, older: pytest.MonkeyPatch, at: str
) -> None:
    first = write(tmp_path / "a.jsonl", *(record(n) for n in range(4)))
    others = [odd(n) for n in range(5)]
    bring(lake, first, write(tmp_path / "b.jsonl", *others, odd(5, eventTime="noon")))
    older.undo()
    with lake.reader(tables=["rejects"]) as reader:
        [one] = listed(reader, EVERYTHING).filter(record_index=2)["reject_id"]
    kill_replay(lake, at, asked=Asked(reject_id=one))
    again(lake, now=LATER + timedelta(hours=1))
    assert counts(lake) == [(4, 0, 0), (1, 4, 1)]
    assert rows(lake, "select record_index from rejects") == [(5,)]


@pytest.mark.parametrize("batch_bytes", [5_000, 10], ids=["by texts", "by the file"])
def test_what_a_replay_that_began_later_landed_is_counted_once(
    lake: Lake, tmp_path: Path, older: pytest.MonkeyPatch, batch_bytes: int
) -> None:
    bring(lake, write(tmp_path / "a.jsonl", record(0), odd(1), odd(2)))
    older.undo()
    kill_replay(lake, "commit", now=LATER + timedelta(minutes=1))
    kill_replay(lake, "put", limits=Limits(batch_bytes=batch_bytes))
    again(lake, now=LATER + timedelta(hours=1))
    assert counts(lake) == [(3, 0, 0)]
    assert rows(lake, "select * from rejects") == []


@pytest.mark.parametrize("at", ["commit", "remove", "put"])
def test_a_replay_counts_what_it_brings_though_its_clock_is_behind(
    lake: Lake, tmp_path: Path, older: pytest.MonkeyPatch, at: str
) -> None:
    bring(lake, write(tmp_path / "a.jsonl", record(0), odd(1), odd(2)))
    older.undo()
    behind = NOW - timedelta(hours=1)
    kill_replay(lake, at, now=behind)
    again(lake, now=behind)
    assert counts(lake) == [(3, 0, 0)]
    assert rows(lake, "select * from rejects") == []


# -- replays at once


def test_of_two_replays_of_a_file_at_once_each_is_counted(
    lake: Lake, tmp_path: Path, older: pytest.MonkeyPatch
) -> None:
    bring(lake, write(tmp_path / "a.jsonl", record(0), odd(1), odd(2)))
    older.undo()
    with lake.reader(tables=["rejects"]) as reader:
        ids = listed(reader, EVERYTHING).sort("record_index")["reject_id"]
    one, other = (Asked(reject_id=id_) for id_ in ids)
    real, comes_between = Lake.next_turn, [other]

    def next_turn(self: Lake, *args: Any) -> Any:
        turn = real(self, *args)
        if comes_between:  # begins later and is done before
            again(lake, comes_between.pop(), now=LATER + timedelta(minutes=1))
        return turn

    older.setattr(Lake, "next_turn", next_turn)
    assert again(lake, one) == Replayed(tried=1, events=1)
    assert counts(lake) == [(3, 0, 0)]
    assert rows(lake, "select * from rejects") == []


REPLAY = """
import sys
from datetime import datetime, timezone
from pathlib import Path
from pipeline.ingest import Limits, ingest
from pipeline.lake import Lake
from pipeline.rejected import Asked, replay
lake, paths = Lake(Path(sys.argv[1])), sys.argv[2:]
now = datetime.now(tz=timezone.utc)
print("ready", flush=True)
if paths:
    ingest(lake, paths, now=now, run_id="r", limits=Limits(batch_bytes=5_000))
else:
    replay(lake, Asked(), now=now, run_id="again", limits=Limits(batch_bytes=5_000))
"""


def test_two_replays_beside_an_ingest_land_each_event_once(
    lake: Lake, tmp_path: Path, older: pytest.MonkeyPatch
) -> None:
    for n in range(3):
        write(tmp_path / f"{n}.jsonl", *(odd(20 * n + k) for k in range(20)))
    bring(lake, *sorted(tmp_path.glob("*.jsonl")))
    older.undo()
    (tmp_path / "more").mkdir()
    for n in range(3):
        write(tmp_path / "more" / f"{n}.jsonl", *(record(1000 + 20 * n + k) for k in range(20)))
    with (
        started(REPLAY, lake.location) as one,
        started(REPLAY, lake.location) as other,
        started(REPLAY, lake.location, tmp_path / "more") as beside,
    ):
        assert [p.wait(timeout=60) for p in (one, other, beside)] == [0, 0, 0]
    assert rows(lake, "select count(*), count(distinct event_id) from events") == [(120, 120)]
    assert rows(lake, "select count(*) from rejects") == [(0,)]
    assert counts(lake) == [(20, 0, 0)] * 6


# -- shown and exported


def test_one_reject_is_shown_by_the_start_of_its_id(lake: Lake, tmp_path: Path) -> None:
    bring(lake, write(tmp_path / "a.jsonl", record(0), "{half", "{other"))
    with lake.reader(tables=["rejects"]) as reader:
        reject_id = listed(reader, EVERYTHING)["reject_id"][0]
        assert shown(reader, reject_id[:8])["text"] in {"{half", "{other"}
        for wrong in ("", "zzz"):
            with pytest.raises(NotFoundError, match="expected the id of one reject"):
                shown(reader, wrong)


def test_an_export_can_be_fixed_and_ingested(lake: Lake, tmp_path: Path) -> None:
    nameless = {name: value for name, value in record(1).items() if name != "eventID"}
    pretty = json.dumps(nameless, indent=2)
    (tmp_path / "a.json").write_text(f'{{"Records": [{pretty}, {json.dumps(record(2))}]}}')
    bring(lake, tmp_path / "a.json")
    file = tmp_path / "fixed.jsonl"
    with lake.reader(tables=["rejects"]) as reader:
        assert export(reader, EVERYTHING, file) == (1, 0)
        with pytest.raises(InputError, match="cannot write"):
            export(reader, EVERYTHING, tmp_path / "none" / "file")
    file.write_text(file.read_text().replace("{", '{"eventID": "given",', 1))
    assert bring(lake, file).events == 1
