"""The sample company judged whole: its stories found and named, its look-alikes left alone."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from datetime import datetime, timezone
from typing import Any

import pytest

from detectors.base import make, registry
from detectors.judge import judge
from pipeline.lake import Lake
from sample_data import DATA

NOW = datetime(2026, 10, 2, tzinfo=timezone.utc)
TRUTH = json.loads((DATA / "truth.json").read_text(encoding="utf-8"))
QUIET_FINDINGS_A_DAY = 2


def told(kind: str) -> Any:
    stories = [story for story in TRUTH if story["kind"] == kind]
    return pytest.mark.parametrize("story", stories, ids=[story["story"] for story in stories])


@pytest.fixture(scope="module")
def findings(demo_lake: Lake, tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """Every finding on the sample data."""
    lake = Lake(tmp_path_factory.mktemp("judged") / "lake")
    shutil.copytree(demo_lake.location, lake.location)
    judged = judge(lake, [make(id_) for id_ in registry()], now=NOW, run_id="demo")
    assert judged.failures == ()
    with lake.reader() as reader:
        return reader.query("select * from findings").to_dicts()


def day_of(finding: dict[str, Any]) -> str:
    return str(finding["window"][:10])


def of_story(findings: list[dict[str, Any]], story: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        finding
        for finding in findings
        if finding["detector"] == story["detector"]
        and finding["identity_id"] == story["identity"]
        and day_of(finding) in story["days"]
        and (not finding["subject"].startswith("trace:") or subject_of(finding) in story["subject"])
    ]


def subject_of(finding: dict[str, Any]) -> str:
    return str(finding["subject"].partition(":")[2])


@told("attack")
def test_a_planted_story_is_found_and_named(
    findings: list[dict[str, Any]], story: dict[str, Any]
) -> None:
    assert of_story(findings, story), story["what"]


@told("lookalike")
def test_an_innocent_look_alike_is_silent_or_low(
    findings: list[dict[str, Any]], story: dict[str, Any]
) -> None:
    loud = [f["title"] for f in of_story(findings, story) if f["severity"] != "low"]
    assert loud == []


def test_quiet_identities_are_quiet(findings: list[dict[str, Any]]) -> None:
    attacked = {story["identity"] for story in TRUTH if story["kind"] == "attack"}
    quiet = Counter(day_of(f) for f in findings if f["identity_id"] not in attacked)
    assert max(quiet.values(), default=0) <= QUIET_FINDINGS_A_DAY, quiet


def test_every_finding_explains_itself(findings: list[dict[str, Any]]) -> None:
    for finding in findings:
        assert finding["evidence"]
        assert finding["frameworks"]
        for text in ("title", "observed", "expected", "support"):
            assert len(finding[text]) > 5
