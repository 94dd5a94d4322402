"""Judging: every day once, in order, again when it changed; failures kept apart."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from typing import Any, ClassVar

import polars as pl
import pyarrow as pa
import pytest
from deltalake import DeltaTable

from builders.processes import KilledError
from builders.stored import rows
from detectors.base import Finding, Judgement, Reader, Severity, Spec, Window
from detectors.judge import Judged, judge
from pipeline.baselines import roll_up
from pipeline.lake import Lake, Turn
from pipeline.schemas import EVENTS

NOW = datetime(2026, 2, 1, tzinfo=timezone.utc)
DAY = date(2026, 1, 10)


def spec(id_: str) -> Spec:
    return Spec(id_, "Counts events", ("identity",), ("OWASP-NHI:NHI9:2025",))


@dataclass(frozen=True)
class Counts:
    """A detector that scores an identity's events, of `full`, and finds it above `most` of them."""

    spec: ClassVar[Spec] = spec("counts")
    most: int = 2
    full: int = 8

    def detect(self, reader: Reader, window: Window) -> Judgement:
        rows = reader.query(
            "select identity_id, events, first_seen, last_seen from daily_identity "
            "where event_date = $day",
            window.params,
        )
        scores = rows.select(
            subject_kind=pl.lit("identity"),
            subject_id="identity_id",
            identity_id="identity_id",
            score=pl.col("events") / self.full,
            features=pl.lit("{}"),
        )
        return Judgement(scores, tuple(map(self._finding, self._many(rows))))

    def _many(self, rows: pl.DataFrame) -> list[dict[str, object]]:
        return rows.filter(pl.col("events") > self.most).to_dicts()

    def _finding(self, row: dict[str, object]) -> Finding:
        return Finding(
            subject_kind="identity",
            subject_id=str(row["identity_id"]),
            identity_id=str(row["identity_id"]),
            severity=Severity.LOW,
            score=0.5,
            confidence=0.5,
            title="many",
            observed=f"{row['events']} events",
            expected="few",
            support="none",
            evidence=["e"],
            first_seen=row["first_seen"],  # type: ignore[arg-type]
            last_seen=row["last_seen"],  # type: ignore[arg-type]
        )


@dataclass(frozen=True)
class Fails:
    """A detector that fails on one day."""

    spec: ClassVar[Spec] = spec("fails")

    def detect(self, reader: Reader, window: Window) -> Judgement:
        if window.day == DAY:
            raise ZeroDivisionError("odd day")
        return Judgement(pl.DataFrame(schema=SCORE_COLUMNS))


class Again(Counts):
    """The same under another name."""

    spec: ClassVar[Spec] = spec("again")


@dataclass(frozen=True)
class Defines:
    """A detector that fails where it finds a name that it gave to something on another day."""

    spec: ClassVar[Spec] = spec("defines")

    def detect(self, reader: Reader, window: Window) -> Judgement:
        there = "select table_name from duckdb_tables() where table_name = 'mine'"
        if not reader.query(there).is_empty():
            raise ZeroDivisionError("still there")
        reader.define("mine", "select 1 as one")
        return Judgement(pl.DataFrame(schema=SCORE_COLUMNS))


@dataclass(frozen=True)
class KilledLake(Lake):
    """A lake whose writer is killed right after its first commit to the table `after`."""

    after: str = ""

    def _committed(
        self, name: str, change: Callable[[DeltaTable], int], *, turn: Turn | None = None
    ) -> int:
        done = super()._committed(name, change, turn=turn)
        if name == self.after:
            raise KilledError
        return done


SCORE_COLUMNS = {
    "subject_kind": pl.String,
    "subject_id": pl.String,
    "identity_id": pl.String,
    "score": pl.Float64,
    "features": pl.String,
}


HOURS = itertools.count(1)


def add(
    lake: Lake,
    day: date,
    *identities: str,
    days: int = 1,
    now: datetime = NOW,
    source: str = "log",
) -> None:
    """Add an event of each identity on so many days, and roll up."""
    first = datetime(day.year, day.month, day.day, tzinfo=timezone.utc)
    rows = [
        {
            "event_id": f"{now}-{start}-{n}",
            "source": source,
            "event_date": start.date(),
            "event_time": start + timedelta(hours=n),
            "identity_id": identity,
        }
        for start in (first + timedelta(days=later) for later in range(days))
        for n, identity in enumerate(identities)
    ]
    lake.append("events", pa.Table.from_pylist(rows, schema=EVENTS.arrow_schema))
    roll_up(lake, now=now)


def run(lake: Lake, *detectors: Counts | Fails | Defines, run_id: str = "r1") -> Judged:
    return judge(lake, detectors, now=NOW, run_id=run_id)


def test_every_unit_is_scored_and_what_crosses_the_line_is_found(lake: Lake) -> None:
    add(lake, DAY, "a", "a", "a", "b")
    judged = run(lake, Counts())
    assert (judged.days, judged.scores, judged.findings) == (1, 2, 1)
    scores = rows(lake, "select detector, subject_id, score from scores order by all")
    assert scores == [("counts", "a", 0.375), ("counts", "b", 0.125)]
    [found] = rows(lake, 'select subject, "window", frameworks, run_id from findings')
    window = "2026-01-10T00:00:00Z/2026-01-11T00:00:00Z"
    assert found == ("identity:a", window, ["OWASP-NHI:NHI9:2025"], "r1")


def test_a_second_run_judges_nothing(lake: Lake) -> None:
    add(lake, DAY, "a", "a", "a")
    run(lake, Counts())
    assert run(lake, Counts(), run_id="r2").days == 0
    assert rows(lake, "select run_id from findings") == [("r1",)]


def test_late_events_judge_their_day_again_and_replace_what_was_found(lake: Lake) -> None:
    add(lake, DAY, "a", "a", "a")
    add(lake, DAY + timedelta(days=2), "b", "b", "b")
    run(lake, Counts())
    add(lake, DAY, "a", now=NOW + timedelta(hours=1))
    judge(lake, [Counts()], now=NOW, run_id="r2", until=DAY)
    found = rows(lake, "select subject, observed, run_id from findings order by subject")
    assert found == [("identity:a", "4 events", "r2"), ("identity:b", "3 events", "r1")]


def test_a_day_is_judged_again_once_a_tenth_has_come_into_its_history(lake: Lake) -> None:
    """Also if it has none at first; what is after it, or too long before, is not its history."""
    add(lake, DAY, "a")
    for day in (DAY + timedelta(days=2), DAY - timedelta(days=31)):
        run(lake, Counts())
        add(lake, day, *"a" * 20)
        assert judge(lake, [Counts()], now=NOW, run_id="r", until=DAY, since=DAY).days == 0
    for events, is_again in ((20, True), (1, False), (1, True), (0, False)):
        add(lake, DAY - timedelta(days=10), *"a" * events, now=NOW + timedelta(hours=next(HOURS)))
        assert judge(lake, [Counts()], now=NOW, run_id="r", since=DAY, until=DAY).days == is_again


def test_a_source_rolled_up_by_a_run_that_began_earlier_is_judged(lake: Lake) -> None:
    add(lake, DAY, "a")
    run(lake, Counts())
    add(lake, DAY, "b", source="other", now=NOW - timedelta(hours=1))
    assert run(lake, Counts()).days == 1
    assert rows(lake, "select subject_id from scores order by all") == [("a",), ("b",)]


def test_changed_thresholds_judge_again_and_withdraw_what_no_longer_crosses(lake: Lake) -> None:
    add(lake, DAY, "a", "a", "a")
    run(lake, Counts())
    assert run(lake, Counts(most=3)).days == 1
    assert rows(lake, "select * from findings") == []


def test_a_failing_detector_is_told_and_the_others_and_its_other_days_go_on(lake: Lake) -> None:
    add(lake, DAY, "a", "a", "a")
    add(lake, DAY + timedelta(days=1), "a")
    judged = run(lake, Fails(), Counts())
    assert [str(failure) for failure in judged.failures] == [
        "detector fails: 2026-01-10: ZeroDivisionError: odd day"
    ]
    assert judged.findings == 1
    days = rows(lake, "select detector, event_date from judgements order by all")
    after = DAY + timedelta(days=1)
    assert days == [("counts", DAY), ("counts", after), ("fails", after)]


def test_a_day_that_failed_is_judged_again(lake: Lake) -> None:
    add(lake, DAY, "a")
    run(lake, Fails())
    assert run(lake, Fails()).days == 1


def test_many_scores_are_committed_before_the_last_day_is_judged(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("detectors.judge.SCORES_AT_ONCE", 2)
    add(lake, DAY, "a", "b", days=3)
    assert run(lake, Counts()).scores == 6
    # The first version, 0, is the table's making.
    assert lake.versions()["judgements"] == 3
    assert rows(lake, "select count(*) from scores") == [(6,)]


def test_the_scores_of_all_detectors_together_are_bounded(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("detectors.judge.SCORES_AT_ONCE", 2)
    add(lake, DAY, "a", days=2)
    assert run(lake, Counts(), Again()).scores == 4
    # After each second score, and at the end what waits then of one of the two.
    assert lake.versions()["judgements"] == 4
    assert rows(lake, "select count(*) from judgements") == [(4,)]


def test_what_a_detector_defines_goes_with_its_day(lake: Lake) -> None:
    add(lake, DAY, "a", days=4)
    judged = run(lake, Defines())
    assert (judged.days, judged.failures) == (4, ())


def test_only_the_days_asked_for_are_judged(lake: Lake) -> None:
    add(lake, DAY, "a", days=3)
    day = DAY + timedelta(days=1)
    judge(lake, [Counts()], now=NOW, run_id="r", since=day, until=day)
    assert rows(lake, "select event_date from judgements") == [(day,)]


@pytest.mark.parametrize("after", ["judgements", "scores", "findings"])
def test_days_of_a_killed_run_are_judged_again_with_the_thresholds_of_before(
    lake: Lake, after: str
) -> None:
    add(lake, DAY, "a", "a", "a")
    before = Counts()
    run(lake, before)
    with pytest.raises(KilledError):
        run(KilledLake(lake.location, after=after), Counts(most=3, full=4))
    run(lake, before)
    assert rows(lake, "select score from scores") == [(3 / 8,)]
    assert rows(lake, "select observed from findings") == [("3 events",)]
    assert run(lake, before).days == 0


def test_of_two_that_judge_at_once_the_tables_hold_one(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(lake, DAY, "a", "a", "a")
    before = lake.versions()
    add(lake, DAY, "a", now=NOW + timedelta(hours=1))
    replace, reader = Lake.replace, Lake.reader

    def slow(self: Lake, name: str, *args: Any, **more: Any) -> int:
        """Before the last commit another process judges what was there before the last event."""
        if name == "judgements":
            monkeypatch.undo()
            with monkeypatch.context() as other:
                other.setattr(Lake, "reader", lambda self, **_: reader(self, versions=before))
                run(self, Counts(), run_id="other")
        return replace(self, name, *args, **more)

    monkeypatch.setattr(Lake, "replace", slow)
    run(lake, Counts())
    assert rows(lake, "select run_id, events from judgements") == [("r1", 4)]
    assert rows(lake, "select score from scores") == [(0.5,)]
    assert rows(lake, "select observed, run_id from findings") == [("4 events", "r1")]
