"""What a detector is: a Spec, thresholds as documented fields, and `detect`.

A detector is a frozen dataclass whose fields are its thresholds (their types say what they may be)
and whose `spec` says what it is:

    @dataclass(frozen=True)
    class DormantWakes:
        \"\"\"
        Detects: ...
        Assumes: ...
        Misses: ...
        Triage: ...
        Source: ...
        \"\"\"

        spec: ClassVar[Spec] = Spec(id="dormant_wakes", ...)

        quiet_days: Count = 60
        \"\"\"Days without an event after which an identity sleeps.\"\"\"

        def detect(self, reader: Reader, window: Window) -> Judgement: ...

    DETECTOR = DormantWakes
"""

from __future__ import annotations

import hashlib
import importlib
import pkgutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime, time, timedelta, timezone
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Annotated, Any, ClassVar, Protocol, get_type_hints

import polars as pl
from pydantic import BeforeValidator, ConfigDict, Field, TypeAdapter, ValidationError
from pydantic_core import from_json

import detectors
from pipeline.errors import NotFoundError, SettingsError
from pipeline.schemas import FINDINGS, SCORES

Share = Annotated[float, Field(ge=0, le=1)]
"""A threshold that is a share, a weight or a score that something gets."""
Amount = Annotated[float, Field(gt=0)]
"""A threshold above 0: a line that scores may cross, a floor or a scale that is divided by."""
Count = Annotated[int, Field(ge=1, le=36_500)]
"""A threshold that counts days, identities, events: from 1 to a century's days."""
Size = Annotated[int, Field(ge=1, le=1_000_000_000)]
"""A threshold that bounds how much is read: runs, characters."""


class Severity(StrEnum):
    """How urgent a finding is; ordered by `rank`."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"

    @property
    def rank(self) -> int:
        """0 for low to 3 for critical."""
        return list(Severity).index(self)


@dataclass(frozen=True)
class Spec:
    """What a detector is. `summary` is its line in the README; `subject_kinds` are what it judges
    (`subject_kind` of its scores); `frameworks` the ids of `detectors.frameworks` that its findings
    carry.
    """

    id: str
    summary: str
    subject_kinds: tuple[str, ...]
    frameworks: tuple[str, ...]


@dataclass(frozen=True)
class Window:
    """The judged time [start, end) and the history before it [history_start, start). UTC.

    History ends where the judged window starts: a baseline that contains what it judges finds
    nothing.
    """

    start: datetime
    end: datetime
    history_start: datetime

    @classmethod
    def of_day(cls, day: date, *, history_days: int) -> Window:
        """The window of one UTC day on the `history_days` before it."""
        start = datetime.combine(day, time(), tzinfo=timezone.utc)
        return cls(start, start + timedelta(days=1), start - timedelta(days=history_days))

    @property
    def day(self) -> date:
        return self.start.date()

    @property
    def params(self) -> dict[str, Any]:
        """Named parameters every detector's SQL can use: $day and $history_start (dates, half-open
        [history_start, day)), for the roll-ups; $window_start and $window_end (times), for events.
        """
        return {
            "day": self.day,
            "history_start": self.history_start.date(),
            "window_start": self.start,
            "window_end": self.end,
        }

    @property
    def interval(self) -> str:
        """The judged time as an ISO 8601 interval."""
        return f"{_iso(self.start)}/{_iso(self.end)}"


class Reader(Protocol):
    """What a detector sees of the lake: DuckDB relations named as in `pipeline.schemas`, the
    profile macros of `pipeline/baselines/profiles`, and the views of `pipeline/views`.
    """

    def query(self, sql: str | Path, params: Mapping[str, Any] | None = None) -> pl.DataFrame:
        """Run one SELECT (text, or a .sql file) with named parameters."""
        ...

    def define(
        self, name: str, data: pl.DataFrame | str | Path, params: Mapping[str, Any] | None = None
    ) -> None:
        """Give a frame, or the result of a SELECT, a name that later queries can read."""
        ...


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One subject that crossed the line, as its detector tells it.

    `score` and `confidence` in [0, 1], higher is worse and surer. `observed` and `expected` are
    sentences; `support` says on how much history `expected` rests. `evidence` are event ids, most
    telling first; `first_seen` and `last_seen` the times of the evidence.
    """

    subject_kind: str
    subject_id: str
    identity_id: str
    severity: Severity
    score: float
    confidence: float
    title: str
    observed: str
    expected: str
    support: str
    evidence: Sequence[str]
    first_seen: datetime
    last_seen: datetime
    frameworks: tuple[str, ...] = ()


@dataclass(frozen=True)
class Judgement:
    """What `detect` returns.

    `scores` has a row for every unit judged, with the columns subject_kind, subject_id,
    identity_id, score (0..1, higher is worse) and features (JSON text).
    """

    scores: pl.DataFrame
    findings: tuple[Finding, ...] = ()


class Detector(Protocol):
    """A unit that judges one window of the lake on the history before it."""

    spec: ClassVar[Spec]

    def detect(self, reader: Reader, window: Window) -> Judgement: ...


@cache
def registry() -> dict[str, type[Any]]:
    """Every detector class found in this package, by id."""
    modules = sorted(m.name for m in pkgutil.iter_modules(detectors.__path__))
    found = [importlib.import_module(f"{detectors.__name__}.{name}") for name in modules]
    classes = [module.DETECTOR for module in found if hasattr(module, "DETECTOR")]
    return {cls.spec.id: cls for cls in classes}


def make(detector_id: str, thresholds: Mapping[str, Any] | None = None) -> Detector:
    """The detector of that id with its thresholds, or those given, set."""
    if detector_id not in registry():
        known = ", ".join(registry())
        raise NotFoundError(f"expected a detector of {known}, got {detector_id!r}")
    cls = registry()[detector_id]
    known_fields = {f.name for f in fields(cls)}
    unknown = sorted(set(thresholds or {}) - known_fields)
    if unknown:
        raise SettingsError(
            f"[detectors.{detector_id}] knows {', '.join(sorted(known_fields))}; "
            f"got {', '.join(unknown)}; remove or rename it"
        )
    types = get_type_hints(cls, include_extras=True)
    given = (thresholds or {}).items()
    detector: Detector = cls(
        **{name: _checked(detector_id, name, types[name], value) for name, value in given}
    )
    return detector


def _checked(detector_id: str, name: str, type_: Any, value: Any) -> Any:
    """The value of a threshold, of its type: a number is finite, a variable's text is read."""
    try:
        return TypeAdapter(
            Annotated[type_, BeforeValidator(_read)], config=ConfigDict(allow_inf_nan=False)
        ).validate_python(value)
    except ValidationError as error:
        fault = error.errors()[0]["msg"]
        raise SettingsError(f"[detectors.{detector_id}] {name}: {fault}, got {value!r}") from None


def _read(value: Any) -> Any:
    """What a text says as JSON, if it is any: a variable holds nothing but text."""
    try:
        return from_json(value) if isinstance(value, str) else value
    except ValueError:
        return value


def finding_id(*, detector: str, subject: str, window: str) -> str:
    """The id of a finding: 16 hex digits of BLAKE2b over detector, subject and window."""
    text = "\x1f".join((detector, subject, window)).encode("utf-8", "surrogatepass")
    return hashlib.blake2b(text, digest_size=8).hexdigest()


def findings_frame(
    spec: Spec, findings: Sequence[Finding], *, window: Window, run_id: str
) -> pl.DataFrame:
    """The findings as rows of the table `findings`."""
    rows = [_finding_row(spec, finding, window=window, run_id=run_id) for finding in findings]
    return FINDINGS.frame(rows)


def _finding_row(spec: Spec, finding: Finding, *, window: Window, run_id: str) -> dict[str, Any]:
    subject = f"{finding.subject_kind}:{finding.subject_id}"
    return {
        "finding_id": finding_id(detector=spec.id, subject=subject, window=window.interval),
        "detector": spec.id,
        "severity": finding.severity.value,
        "score": finding.score,
        "confidence": finding.confidence,
        "identity_id": finding.identity_id,
        "subject": subject,
        "window": window.interval,
        "title": finding.title,
        "observed": finding.observed,
        "expected": finding.expected,
        "support": finding.support,
        "evidence": list(finding.evidence),
        "frameworks": list(finding.frameworks or spec.frameworks),
        "first_seen": finding.first_seen,
        "last_seen": finding.last_seen,
        "run_id": run_id,
    }


def scores_frame(spec: Spec, scores: pl.DataFrame, *, window: Window) -> pl.DataFrame:
    """The scores as rows of the table `scores`."""
    return scores.with_columns(
        detector=pl.lit(spec.id),
        window_start=pl.lit(window.start, pl.Datetime("us", "UTC")),
        window_end=pl.lit(window.end, pl.Datetime("us", "UTC")),
    ).select(SCORES.column_names)


def shown(text: str | None, *, limit: int = 80) -> str:
    """Text from a log as it can stand in a title: one line, no control characters, cut."""
    printable = "".join(c if c.isprintable() else " " for c in text or "")
    line = " ".join(printable.split())
    return line if len(line) <= limit else f"{line[: limit - 1]}…"


def short_name(identity_id: str) -> str:
    """The last part of an identity's id, for titles."""
    return shown(identity_id.rsplit("/", maxsplit=1)[-1], limit=60)


def _iso(moment: datetime) -> str:
    return moment.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
