"""Every detector against every rule of the house. What it writes is checked in tests/test_demo.py,
where there is a month to judge.
"""

from __future__ import annotations

import inspect
import re
from dataclasses import fields, is_dataclass
from datetime import date
from pathlib import Path

import pytest

from detectors import frameworks
from detectors.base import Window, make, registry
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
