"""Every detector against every rule of the house."""

from __future__ import annotations

import inspect
import json
import re
from dataclasses import fields, is_dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from detectors import frameworks
from detectors.base import Window, findings_frame, make, registry, scores_frame
from pipeline.errors import NotFoundError, SettingsError
from pipeline.lake import Lake

ROOT = Path(__file__).parents[2]
every_detector = pytest.mark.parametrize("detector_id", sorted(registry()))
WINDOW = Window.of_day(date(2026, 1, 31), history_days=30)


def test_the_heart_is_there() -> None:
    assert {"credential_reuse", "privilege_drift", "unusual_tool_chain"} <= set(registry())


@every_detector
def test_file_id_and_test_share_one_name(detector_id: str) -> None:
    cls = registry()[detector_id]
    assert cls.__module__ == f"detectors.{detector_id}"
    assert (ROOT / "tests" / "detectors" / f"test_{detector_id}.py").exists()


@every_detector
def test_the_docstring_is_a_form(detector_id: str) -> None:
    text = inspect.getdoc(registry()[detector_id]) or ""
    for part in ("Detects", "Assumes", "Misses", "Triage", "Source"):
        assert re.search(rf"^{part}:", text, flags=re.MULTILINE), f"no {part}: in\n{text}"


@every_detector
def test_every_threshold_is_documented(detector_id: str) -> None:
    cls = registry()[detector_id]
    assert is_dataclass(cls)
    source = inspect.getsource(cls)
    for field in fields(cls):
        documented = re.search(rf'^    {field.name}\b.*\n    """\w', source, flags=re.MULTILINE)
        assert documented, f"{field.name} has no docstring below it"


@every_detector
def test_its_frameworks_are_known(detector_id: str) -> None:
    for id_ in registry()[detector_id].spec.frameworks:
        assert frameworks.title(id_)


@every_detector
def test_an_empty_lake_gives_no_scores_and_no_findings(lake: Lake, detector_id: str) -> None:
    with lake.reader() as reader:
        judgement = make(detector_id).detect(reader, WINDOW)
    assert judgement.scores.height == 0
    assert judgement.findings == ()


@every_detector
def test_an_unknown_threshold_is_named(detector_id: str) -> None:
    with pytest.raises(SettingsError, match="no_such_threshold"):
        make(detector_id, {"no_such_threshold": 1})


def test_an_unknown_detector_is_named_with_the_known() -> None:
    with pytest.raises(NotFoundError, match="credential_reuse"):
        make("nonsense")


@every_detector
def test_scores_and_findings_keep_the_contract_on_real_events(
    demo_lake: Lake, detector_id: str
) -> None:
    detector = make(detector_id)
    with demo_lake.reader() as reader:
        [(last,)] = reader.query("select max(event_date) from rollups").rows()
        for back in range(12):
            window = Window.of_day(date.fromordinal(last.toordinal() - back), history_days=30)
            judgement = detector.detect(reader, window)
            scores = scores_frame(detector.spec, judgement.scores, window=window)
            check_scores(scores.to_dicts(), detector.spec.subject_kinds)
            found = findings_frame(detector.spec, judgement.findings, window=window, run_id="r")
            check_findings(found.to_dicts(), scores.to_dicts())
            check_evidence(reader, found.to_dicts(), window)


def check_scores(scores: list[dict[str, Any]], kinds: tuple[str, ...]) -> None:
    subjects = [(row["subject_kind"], row["subject_id"]) for row in scores]
    assert len(subjects) == len(set(subjects)), "a subject is scored once a window"
    for row in scores:
        assert row["subject_kind"] in kinds
        assert 0 <= row["score"] <= 1
        assert isinstance(json.loads(row["features"]), dict)


def check_findings(findings: list[dict[str, Any]], scores: list[dict[str, Any]]) -> None:
    scored = {f"{row['subject_kind']}:{row['subject_id']}" for row in scores}
    for row in findings:
        assert row["subject"] in scored
        assert 0 <= row["score"] <= 1
        assert 0 <= row["confidence"] <= 1
        for text in ("title", "observed", "expected", "support"):
            assert row[text]
            assert "\x1b" not in row[text]
        assert row["first_seen"] <= row["last_seen"]


def check_evidence(reader: Any, findings: list[dict[str, Any]], window: Window) -> None:
    """Evidence is of the time that the finding names, and some of it of the judged day."""
    sql = "select event_id from events where event_date between $first and $day"
    for row in findings:
        params = {"first": row["first_seen"].date(), "day": window.day}
        told = set(reader.query(sql, params)["event_id"])
        of_the_day = set(reader.query(sql, {**params, "first": window.day})["event_id"])
        assert row["evidence"]
        assert set(row["evidence"]) <= told
        assert set(row["evidence"]) & of_the_day
