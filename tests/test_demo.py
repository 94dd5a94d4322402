"""The sample company judged whole: its stories found and named, its look-alikes left alone, and
what every detector writes of it as the tables promise.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timezone
from typing import Any

import polars as pl
import pytest

from detectors.base import make, registry
from detectors.judge import judge
from pipeline.baselines import roll_up
from pipeline.ingest import ingest
from pipeline.inventory import take_inventory
from pipeline.lake import Lake
from pipeline.reader import LakeReader
from sample_data import DATA, INVENTORY

NOW = datetime(2026, 10, 2, tzinfo=timezone.utc)
TRUTH = json.loads((DATA / "truth.json").read_text(encoding="utf-8"))
QUIET_FINDINGS_A_DAY = 2


def told(kind: str) -> Any:
    stories = [story for story in TRUTH if story["kind"] == kind]
    return pytest.mark.parametrize("story", stories, ids=[story["story"] for story in stories])


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LakeReader]:
    """The sample data, ingested, with its inventory, every day of it judged."""
    lake = Lake(tmp_path_factory.mktemp("demo") / "lake")
    ingest(lake, [DATA / "AWSLogs", DATA / "traces"], now=NOW, run_id="demo")
    roll_up(lake, now=NOW)
    take_inventory(lake, file=INVENTORY)
    judgement = judge(lake, [make(id_) for id_ in registry()], now=NOW, run_id="demo")
    assert judgement.failures == ()
    with lake.reader() as reader:
        yield reader


@pytest.fixture(scope="module")
def findings(judged: LakeReader) -> list[dict[str, Any]]:
    """Every finding on the sample data."""
    return judged.query("select * from findings").to_dicts()


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


@pytest.mark.parametrize("detector_id", sorted(registry()))
def test_scores_and_findings_keep_the_contract(judged: LakeReader, detector_id: str) -> None:
    of_it = {"detector": detector_id}
    scores = judged.query("select * from scores where detector = $detector", of_it)
    findings = judged.query("select * from findings where detector = $detector", of_it)
    assert scores.height
    check_scores(scores.to_dicts(), registry()[detector_id].spec.subject_kinds)
    check_findings(findings.to_dicts(), scores.to_dicts())
    check_evidence(judged, findings)


def check_scores(scores: list[dict[str, Any]], kinds: tuple[str, ...]) -> None:
    subjects = [(row["window_start"], row["subject_kind"], row["subject_id"]) for row in scores]
    assert len(subjects) == len(set(subjects)), "a subject is scored once a window"
    for row in scores:
        assert row["subject_kind"] in kinds
        assert 0 <= row["score"] <= 1
        assert isinstance(json.loads(row["features"]), dict)


def check_findings(findings: list[dict[str, Any]], scores: list[dict[str, Any]]) -> None:
    scored = {
        (str(row["window_start"].date()), f"{row['subject_kind']}:{row['subject_id']}")
        for row in scores
    }
    for row in findings:
        assert (day_of(row), row["subject"]) in scored
        assert 0 <= row["score"] <= 1
        assert 0 <= row["confidence"] <= 1
        for text in ("title", "observed", "expected", "support"):
            assert len(row[text]) > 5
            assert "\x1b" not in row[text]
        assert row["frameworks"]
        assert row["first_seen"] <= row["last_seen"]


def check_evidence(judged: LakeReader, findings: pl.DataFrame) -> None:
    """Evidence is of the time that the finding names, and some of it of the judged day."""
    told = findings.select(
        "finding_id",
        event_id="evidence",
        first=pl.col("first_seen").dt.date(),
        day=pl.col("window").str.head(10).str.to_date(),
    ).explode("event_id")
    judged.define("told", told)
    days = judged.query("select event_id, event_date from events semi join told using (event_id)")
    of_the_time = pl.col("event_date").is_between("first", "day")
    checked = (
        told.join(days, on="event_id", how="left")
        .group_by("finding_id")
        .agg(
            of_the_time=of_the_time.fill_null(value=False).all(),
            of_the_day=(pl.col("event_date") == pl.col("day")).any(),
        )
    )
    assert checked.height == findings.height
    assert checked["of_the_time"].all()
    assert checked["of_the_day"].all()
