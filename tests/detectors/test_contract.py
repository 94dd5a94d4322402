"""Every detector against every rule of the house. What it writes is checked in tests/test_demo.py,
where there is a month to judge.
"""

from __future__ import annotations

import inspect
import json
import re
from dataclasses import asdict, fields, is_dataclass
from datetime import date, datetime, timezone
from pathlib import Path
from random import Random
from typing import Any, cast

import pytest

from builders.varied import varied
from detectors import frameworks
from detectors.base import Window, make, registry
from detectors.judge import judge
from pipeline.baselines import roll_up
from pipeline.errors import NotFoundError, SettingsError
from pipeline.inventory import take_inventory
from pipeline.lake import Lake
from pipeline.schemas import EVENTS

ROOT = Path(__file__).parents[2]
every_detector = pytest.mark.parametrize("detector_id", sorted(registry()))
DAY = date(2026, 1, 31)
NOW = datetime(2026, 2, 1, tzinfo=timezone.utc)
WINDOW = Window.of_day(DAY, history_days=30)


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


@every_detector
def test_thresholds_are_read_from_text_as_variables_hold_it(detector_id: str) -> None:
    detector = make(detector_id)
    told = {
        name: value if isinstance(value, str) else json.dumps(value)
        for name, value in asdict(cast(Any, detector)).items()
    }
    assert make(detector_id, told) == detector


@every_detector
@pytest.mark.parametrize("nonsense", ["many", "", "nan", float("inf"), None, {"a": 1}])
def test_a_threshold_of_the_wrong_kind_is_named_in_one_line(
    detector_id: str, nonsense: object
) -> None:
    for name in asdict(cast(Any, make(detector_id))):
        with pytest.raises(SettingsError) as fault:
            make(detector_id, {name: nonsense})
        assert str(fault.value).startswith(f"[detectors.{detector_id}] {name}: ")
        assert str(fault.value).endswith(f", got {nonsense!r}")
        assert "\n" not in str(fault.value)


@pytest.mark.parametrize(
    ("detector_id", "name", "value"),
    [
        ("credential_reuse", "threshold", 0),
        ("credential_reuse", "enough_days", -1),
        ("credential_reuse", "company_days", 10**9),
        ("capability_mismatch", "most_evidence", 0),
        ("privilege_drift", "novelty_floor", 0),
        ("delegation_amplification", "depth_scale", 0),
        ("secret_exposure", "known_secret_share", 1.5),
        ("unusual_tool_chain", "usual_quantile", 98),
        ("unusual_tool_chain", "bucket_characters", 0),
    ],
)
def test_a_threshold_out_of_its_range_is_refused(detector_id: str, name: str, value: float) -> None:
    with pytest.raises(SettingsError, match=rf"{name}: Input should be (greater|less) than"):
        make(detector_id, {name: value})


@every_detector
def test_every_number_among_the_thresholds_has_a_range(detector_id: str) -> None:
    for name, value in asdict(cast(Any, make(detector_id))).items():
        if isinstance(value, int | float):
            with pytest.raises(SettingsError, match=f"{name}: Input should be greater than"):
                make(detector_id, {name: -1})


def test_what_is_found_does_not_hang_on_the_order_of_events(tmp_path: Path) -> None:
    dice = Random(1)
    events = varied(dice, day=DAY)
    told = []
    for name in ("one", "other"):
        lake = judged(Lake(tmp_path / name), events)
        with lake.reader() as reader:
            ordered = {
                view: reader.query(f"from {view} order by all").rows()
                for view in ("scores", "findings", "identity_overview", "trace_overview")
            }
        assert all(ordered.values())
        told.append(ordered)
        dice.shuffle(events)
    assert told[0] == told[1]


def test_no_column_of_events_has_to_be_known(lake: Lake) -> None:
    dice = Random(2)
    known = ("event_id", "event_time", "event_date", "source")
    unknown = [name for name in EVENTS.column_names if name not in known]
    events = varied(dice, day=DAY)
    assert set(events[0]) == set(EVENTS.column_names)
    of_the_day = [event for event in events if event["event_date"] == DAY]
    # For each column an identity of that day, and a run, of which the log never has it.
    without = [
        {
            **event,
            "event_id": f"no-{name}-{n}",
            "identity_id": f"no-{name}",
            "trace_id": f"no-{name}",
            name: None,
        }
        for name in unknown
        for n, event in enumerate(dice.sample(of_the_day, 12))
    ]
    with judged(lake, [*events, *without]).reader() as reader:
        subjects = reader.query("select subject_kind, subject_id, identity_id from scores")
        findings = reader.query("from findings")
    assert subjects.height > len(unknown)
    assert sum(subjects.null_count().row(0)) == sum(findings.null_count().row(0)) == 0


def judged(lake: Lake, events: list[dict[str, Any]]) -> Lake:
    """A lake of these events, of which every detector has judged DAY."""
    lake.append("events", EVENTS.frame(events))
    roll_up(lake, now=NOW)
    take_inventory(lake)
    detectors = [make(id_) for id_ in registry()]
    done = judge(lake, detectors, now=NOW, run_id="r", since=DAY)
    assert done.failures == ()
    assert done.findings > 0
    return lake


def test_a_part_of_the_score_that_is_none_is_refused() -> None:
    with pytest.raises(SettingsError, match=r"parts: Input should be 'steered', 'leak'"):
        make("unusual_tool_chain", {"parts": ["steering"]})


def test_an_unknown_detector_is_named_with_the_known() -> None:
    with pytest.raises(NotFoundError, match="credential_reuse"):
        make("nonsense")
