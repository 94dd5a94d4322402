"""Runs the detectors over the days not judged yet; keeps scores, findings and failures.

Days are judged in order, each on the history before it, some at once: most of judging a day is
planning many small queries, which takes one core. A day is judged again when its roll-ups
are made again (late events) or a detector's thresholds change; what was found for it then is
replaced, never doubled. What `judgements` says of a day goes before that, and is written last, so
a killed run is simply done again, with these thresholds or with those of before.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any, cast

import polars as pl

from detectors.base import Detector, Window, findings_frame, scores_frame
from pipeline.errors import DetectorError
from pipeline.lake import ConcurrentWriteError, Lake, Turn
from pipeline.reader import LakeReader
from pipeline.schemas import JUDGEMENTS

SQL = Path(__file__).parent / "sql"
DAYS_AT_ONCE = 31
"""Of so many days of a detector a commit is made: bounds what a killed run has to do again."""
SCORES_AT_ONCE = 100_000
"""When so many scores wait, those of the detector with the most are committed: bounds memory."""
_GROWN = 1.1
"""How many times the events of its history of then make a day be judged again."""
_AT_ONCE = 2
"""Days being judged; each holds what it reads in memory."""

Progress = Callable[[int, int], None]
"""Told how many of how many detector-days are judged."""


@dataclass(frozen=True)
class Judged:
    """What a run of the detectors did: detector-days, units scored, findings, failures."""

    days: int = 0
    scores: int = 0
    findings: int = 0
    failures: tuple[DetectorError, ...] = ()
    lake_versions: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class _RolledDay:
    """A day, when it was rolled up last, its events and those of the history before it."""

    event_date: date
    rolled_at: datetime
    events: int
    history_events: int


_DetectorDay = tuple[Detector, _RolledDay]
"""A detector, and a day that it has to judge."""


@dataclass(frozen=True)
class _Result:
    """What one detector said of one day."""

    window: Window
    scores: pl.DataFrame
    findings: pl.DataFrame
    judgement: dict[str, Any]


def judge(
    lake: Lake,
    detectors: Sequence[Detector],
    *,
    now: datetime,
    run_id: str,
    history_days: int = 30,
    since: date | None = None,
    until: date | None = None,
    progress: Progress | None = None,
) -> Judged:
    """Judge every day of the lake that is not up to date; returns what was done and what failed.

    A detector that fails on a day is recorded in `failures`; the others, and its other days, go on.
    """
    # Opened first: a day that is rolled up while the others are being opened is judged again.
    rollups = lake.table("rollups")
    versions = {"rollups": None if rollups is None else rollups.version()}
    with lake.reader(versions=versions) as reader:
        todo = _todo(reader, detectors, since=since, until=until, history_days=history_days)
        run = _Run(lake, now, run_id, history_days)
        with _judged(run, reader, todo) as results:
            for number, result in enumerate(results, start=1):
                run.keep(result)
                if progress is not None:
                    progress(number, len(todo))
        run.commit_all()
        return Judged(
            len(todo), run.scores, run.findings, tuple(run.failures), dict(reader.versions)
        )


@contextmanager
def _judged(
    run: _Run, reader: LakeReader, todo: Sequence[_DetectorDay]
) -> Iterator[Iterator[_Result | DetectorError]]:
    """What the detectors say of their days, in order, judged by some threads at once. They share
    the reader's snapshot and its memory.
    """
    threads = ThreadPoolExecutor(_AT_ONCE, "judge")
    try:
        yield threads.map(lambda due: run.judge(reader, *due), todo)
    finally:
        threads.shutdown(cancel_futures=True)


class _Run:
    """One pass over the days: judges, gathers, commits."""

    def __init__(self, lake: Lake, now: datetime, run_id: str, history_days: int) -> None:
        self.lake = lake
        self.now = now
        self.run_id = run_id
        self.history_days = history_days
        self.waiting: dict[str, list[_Result]] = {}
        self.failures: list[DetectorError] = []
        self.scores = 0
        self.findings = 0

    def judge(
        self, reader: LakeReader, detector: Detector, day: _RolledDay
    ) -> _Result | DetectorError:
        """Judge one day with one detector. What it defines for that goes with it."""
        spec = detector.spec
        window = Window.of_day(day.event_date, history_days=self.history_days)
        try:
            with reader.beside() as own:
                judgement = detector.detect(own, window)
            return _Result(
                window,
                scores_frame(spec, judgement.scores, window=window),
                findings_frame(spec, judgement.findings, window=window, run_id=self.run_id),
                self._judgement(detector, day),
            )
        except Exception as error:
            # A detector is a plug-in: whatever it raises, the others have to go on.
            fault = DetectorError(
                f"{window.day}: {type(error).__name__}: {error}", detector=spec.id
            )
            fault.__cause__ = error
            return fault

    def keep(self, result: _Result | DetectorError) -> None:
        """Keep what a detector said of a day for the next commit."""
        if isinstance(result, DetectorError):
            self.failures.append(result)
            return
        detector_id = result.judgement["detector"]
        self.waiting.setdefault(detector_id, []).append(result)
        if len(self.waiting[detector_id]) >= DAYS_AT_ONCE:
            self.commit(detector_id)
        scores = {id_: sum(r.scores.height for r in rs) for id_, rs in self.waiting.items()}
        if sum(scores.values()) >= SCORES_AT_ONCE:
            self.commit(max(scores, key=lambda id_: scores[id_]))

    def commit_all(self) -> None:
        for detector_id in list(self.waiting):
            self.commit(detector_id)

    def commit(self, detector_id: str) -> None:
        """Put what a detector said in place of what it had said of those days. It is put once more
        if another process judged meanwhile, or the tables might hold some of each.
        """
        results = self.waiting.pop(detector_id)
        while True:
            with suppress(ConcurrentWriteError):
                self._put(detector_id, results)
                return

    def _put(self, detector_id: str, results: Sequence[_Result]) -> None:
        of_detector = f"detector = '{detector_id}' and "
        days = _listed(result.window.day.isoformat() for result in results)
        where = f"{of_detector}event_date in ({days})"
        judgements = JUDGEMENTS.frame([result.judgement for result in results])
        turn = self._unjudged(judgements, where)
        starts = _listed(r.window.start.strftime("%Y-%m-%dT%H:%M:%SZ") for r in results)
        scores = self.lake.replace(
            "scores",
            pl.concat((result.scores for result in results), how="vertical_relaxed"),
            where=f"{of_detector}window_start in ({starts})",
        )
        intervals = _listed(result.window.interval for result in results)
        findings = self.lake.replace(
            "findings",
            pl.concat(result.findings for result in results),
            where=f'{of_detector}"window" in ({intervals})',
        )
        self.lake.replace("judgements", judgements, where=where, turn=turn)
        self.scores += scores
        self.findings += findings

    def _unjudged(self, judgements: pl.DataFrame, where: str) -> Turn:
        """Take back what was judged of those days, which until all is put is not what the tables
        hold; returns the turn in which it is judged anew.
        """
        days = judgements.select(JUDGEMENTS.key)
        while True:
            turn = self.lake.next_turn("judgements", "judge")
            then = {"judgements": turn.version}
            with self.lake.reader(versions=then, tables=then) as reader:
                if reader.there_of("judgements", days).is_empty():
                    return turn
            self.lake.replace("judgements", JUDGEMENTS.frame([]), where=where, turn=turn)

    def _judgement(self, detector: Detector, day: _RolledDay) -> dict[str, Any]:
        return {
            "detector": detector.spec.id,
            **asdict(day),
            "thresholds": thresholds_text(detector),
            "judged_at": self.now,
            "run_id": self.run_id,
        }


def thresholds_text(detector: Detector) -> str:
    """A detector's thresholds as JSON text."""
    return json.dumps(asdict(cast(Any, detector)), sort_keys=True, default=str)


def pending(
    lake: Lake, detectors: Sequence[Detector], *, history_days: int, since: date | None = None
) -> set[date]:
    """The days that are not up to date with every detector."""
    with lake.reader(tables=["rollups", "judgements"]) as reader:
        todo = _todo(reader, detectors, since=since, until=None, history_days=history_days)
        return {day.event_date for _, day in todo}


def _todo(
    reader: LakeReader,
    detectors: Sequence[Detector],
    *,
    since: date | None,
    until: date | None,
    history_days: int,
) -> list[_DetectorDay]:
    """Which detector has to judge which day, days in order."""
    asked = {"since": since, "until": until, "history_days": history_days}
    days = [_RolledDay(*row) for row in reader.query(SQL / "rolled_days.sql", asked).rows()]
    columns = ["detector", "thresholds", *_RolledDay.__dataclass_fields__]
    judged = {
        (detector, day[0], thresholds): _RolledDay(*day)
        for detector, thresholds, *day in reader.columns("judgements", columns).rows()
    }
    return [
        (detector, day)
        for day in days
        for detector in detectors
        if not _is_up_to_date(
            judged.get((detector.spec.id, day.event_date, thresholds_text(detector))), day
        )
    ]


def _is_up_to_date(then: _RolledDay | None, now: _RolledDay) -> bool:
    """Whether a day that was judged then need not be judged now."""
    return (
        then is not None
        and (then.rolled_at, then.events) == (now.rolled_at, now.events)
        and now.history_events < max(1, then.history_events) * _GROWN
    )


def _listed(values: Iterable[str]) -> str:
    return ", ".join(f"'{value}'" for value in values)
