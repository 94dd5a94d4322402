"""Runs the detectors over the days not judged yet; keeps scores, findings and failures.

Days are judged in order, each on the history before it, some at once: most of judging a day is
planning many small queries, which takes one core. A day is judged again when its roll-ups
are made again (late events) or a detector's thresholds change; what was found for it then is
replaced, never doubled. `judgements` is written last, so a killed run is simply done again.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any, cast

import polars as pl

from detectors.base import Detector, Window, findings_frame, scores_frame
from pipeline.errors import DetectorError
from pipeline.lake import Lake
from pipeline.reader import LakeReader
from pipeline.schemas import JUDGEMENTS

SQL = Path(__file__).parent / "sql"
DAYS_AT_ONCE = 31
"""Of so many days of a detector a commit is made: bounds what a killed run has to do again."""
SCORES_AT_ONCE = 100_000
"""When so many scores wait, those of the detector with the most are committed: bounds memory."""
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


_DetectorDay = tuple[Detector, date, datetime]
"""A detector, a day that it has to judge, and when that day was rolled up."""


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
    with lake.reader() as reader:
        todo = _todo(reader, detectors, since=since, until=until)
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
        self, reader: LakeReader, detector: Detector, day: date, rolled_at: datetime
    ) -> _Result | DetectorError:
        """Judge one day with one detector. What it defines for that goes with it."""
        spec = detector.spec
        window = Window.of_day(day, history_days=self.history_days)
        try:
            with reader.beside() as own:
                judgement = detector.detect(own, window)
            return _Result(
                window,
                scores_frame(spec, judgement.scores, window=window),
                findings_frame(spec, judgement.findings, window=window, run_id=self.run_id),
                self._judgement(detector, day, rolled_at),
            )
        except Exception as error:
            # A detector is a plug-in: whatever it raises, the others have to go on.
            fault = DetectorError(f"{day}: {type(error).__name__}: {error}", detector=spec.id)
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
        """Put what a detector said in place of what it had said of those days."""
        results = self.waiting.pop(detector_id)
        of_detector = f"detector = '{detector_id}' and "
        starts = _listed(r.window.start.strftime("%Y-%m-%dT%H:%M:%SZ") for r in results)
        self.scores += self.lake.replace(
            "scores",
            pl.concat((result.scores for result in results), how="vertical_relaxed"),
            where=f"{of_detector}window_start in ({starts})",
        )
        intervals = _listed(result.window.interval for result in results)
        self.findings += self.lake.replace(
            "findings",
            pl.concat(result.findings for result in results),
            where=f'{of_detector}"window" in ({intervals})',
        )
        days = _listed(result.window.day.isoformat() for result in results)
        self.lake.replace(
            "judgements",
            JUDGEMENTS.frame([result.judgement for result in results]),
            where=f"{of_detector}event_date in ({days})",
        )

    def _judgement(self, detector: Detector, day: date, rolled_at: datetime) -> dict[str, Any]:
        return {
            "detector": detector.spec.id,
            "event_date": day,
            "rolled_at": rolled_at,
            "thresholds": thresholds_text(detector),
            "judged_at": self.now,
            "run_id": self.run_id,
        }


def thresholds_text(detector: Detector) -> str:
    """A detector's thresholds as JSON text."""
    return json.dumps(asdict(cast(Any, detector)), sort_keys=True, default=str)


def pending(lake: Lake, detectors: Sequence[Detector], *, since: date | None = None) -> set[date]:
    """The days that are not up to date with every detector."""
    with lake.reader(tables=["rollups", "judgements"]) as reader:
        return {day for _, day, _ in _todo(reader, detectors, since=since, until=None)}


def _todo(
    reader: LakeReader, detectors: Sequence[Detector], *, since: date | None, until: date | None
) -> list[_DetectorDay]:
    """Which detector has to judge which day, days in order."""
    days = reader.query(SQL / "rolled_days.sql", {"since": since, "until": until})
    done = set(
        reader.columns("judgements", ["detector", "event_date", "rolled_at", "thresholds"]).rows()
    )
    return [
        (detector, day, rolled_at)
        for day, rolled_at in days.rows()
        for detector in detectors
        if (detector.spec.id, day, rolled_at, thresholds_text(detector)) not in done
    ]


def _listed(values: Iterable[str]) -> str:
    return ", ".join(f"'{value}'" for value in values)
