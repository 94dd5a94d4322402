"""Scores joined with labels: rows in, figures out."""

from __future__ import annotations

import subprocess
import sys
from datetime import date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score, roc_auc_score

from pipeline.errors import InputError, NotFoundError
from pipeline.evaluate import Columns, Evaluation, evaluate, figures, read_labels, with_intervals
from pipeline.lake import Lake
from pipeline.schemas import EVENTS, FINDINGS, JUDGEMENTS, SCORES

DAY = date(2026, 3, 20)
MIDNIGHT = datetime(2026, 3, 20, tzinfo=timezone.utc)


def event(n: int, **over: Any) -> dict[str, Any]:
    return {
        "event_id": f"e{n}",
        "source": "log",
        "event_time": MIDNIGHT + timedelta(hours=6),
        "event_date": DAY,
        "identity_id": f"i{n}",
        "trace_id": f"t{n}",
        **over,
    }


def score(n: int, value: float, **over: Any) -> dict[str, Any]:
    return {
        "detector": "d",
        "subject_kind": "trace",
        "subject_id": f"t{n}",
        "identity_id": f"i{n}",
        "window_start": MIDNIGHT,
        "window_end": MIDNIGHT + timedelta(days=1),
        "score": value,
        "features": "{}",
        **over,
    }


def finding(n: int, **over: Any) -> dict[str, Any]:
    window = "2026-03-20T00:00:00Z/2026-03-21T00:00:00Z"
    row = {"finding_id": f"f{n}", "detector": "d", "subject": f"trace:t{n}", "window": window}
    return {**row, **over}


@pytest.fixture
def told(lake: Lake, tmp_path: Path) -> Any:
    """Evaluate labels (CSV text) on a lake of these scores, four runs unless told otherwise."""

    def evaluated(
        text: str,
        *,
        scores: list[dict[str, Any]],
        events: list[dict[str, Any]] | None = None,
        findings: list[dict[str, Any]] | None = None,
        rest_benign: bool = False,
        detectors: list[str] | None = None,
        **columns: Any,
    ) -> Evaluation:
        file = tmp_path / "labels.csv"
        file.write_text(text)
        lake.append("events", EVENTS.frame(events or [event(n) for n in range(4)]))
        lake.append("scores", SCORES.frame(scores))
        lake.append("findings", FINDINGS.frame(findings or []))
        at = {"detector": "d", "event_date": DAY, "judged_at": MIDNIGHT + timedelta(hours=30)}
        lake.append("judgements", JUDGEMENTS.frame([at]))
        labels = read_labels(file, Columns(**columns))
        tables = ["events", "scores", "findings", "judgements"]
        with lake.reader(tables=tables) as reader:
            return evaluate(reader, labels, detectors=detectors or [], rest_benign=rest_benign)

    return evaluated


FOUR = "trace_id,label\nt0,1\nt1,0\nt2,1\nt3,0\n"


def test_known_ranks_give_known_figures(told: Any) -> None:
    scores = [score(n, value) for n, value in enumerate((0.9, 0.5, 0.4, 0.1))]
    [row] = told(FOUR, scores=scores).figures.to_dicts()
    # Of four pairs three are in order; the attacks are at places 1 and 3.
    assert row["roc_auc"] == 0.75
    assert row["average_precision"] == pytest.approx((1 / 1 + 2 / 3) / 2)
    assert row["tpr_at_1pct"] == row["tpr_at_5pct"] == 0.5
    assert (row["positives"], row["negatives"], row["unscored"]) == (2, 2, 0)


def test_a_unit_without_a_score_counts_as_zero_and_is_told(told: Any) -> None:
    done = told(FOUR + "t9,0\n", scores=[score(0, 0.9), score(1, 0.5)])
    [row] = done.figures.to_dicts()
    # t0 above all, t2 below one and level with two of three.
    assert row["roc_auc"] == pytest.approx((1 + (0 + 0.5 + 0.5) / 3) / 2)
    assert row["unscored"] == 3
    assert any("1 labelled units have no event" in note for note in done.notes)


def test_a_budget_of_alerts_counts_what_is_not_labelled_too(told: Any) -> None:
    """Four attacks of one day; two unlabelled runs rank above the second of them."""
    values = (0.9, 0.8, 0.8, 0.7, 0.6, 0.0)
    done = told(
        "trace_id,label\nt0,1\nt3,1\nt4,1\nt5,1\nt6,0\n",
        events=[event(n) for n in range(7)],
        scores=[score(n, value) for n, value in enumerate(values)],
    )
    [row] = done.figures.to_dicts()
    assert [row[f"found_at_{k}"] for k in (1, 5, 10, 20)] == [1, 3, 3, 3]


def test_time_to_detection_is_from_the_first_event_or_the_start_given(told: Any) -> None:
    scores = [score(n, value) for n, value in enumerate((0.9, 0.1, 0.8, 0.2))]
    findings = [finding(0), finding(3)]
    [row] = told(FOUR, scores=scores, findings=findings).figures.to_dicts()
    assert (row["found"], row["false_found"]) == (1, 1)
    assert (row["hours_to_window_end"], row["hours_to_judged"]) == (18, 24)


def test_what_was_judged_before_an_attack_began_did_not_find_it(told: Any) -> None:
    text = "trace_id,label,started_at\nt0,1,2026-03-21T01:00:00Z\nt1,0,\n"
    scores = [score(0, 0.9), score(1, 0.5)]
    [row] = told(text, scores=scores, findings=[finding(0)]).figures.to_dicts()
    assert (row["roc_auc"], row["found"], row["found_at_20"]) == (0, 0, 0)


@pytest.mark.parametrize(
    ("text", "auc"),
    [
        ("event_id,label\ne0,1\ne1,0\n", 1),
        ("identity_id,label\ni0,1\ni1,0\n", 1),
        ("identity_id,day,label\ni0,2026-03-20,1\ni1,2026-03-20,0\n", 1),
        ("identity_id,day,label\ni0,2026-03-19,1\ni1,2026-03-20,0\n", 0),
    ],
)
def test_labels_of_events_and_identities_meet_scores_of_traces(
    told: Any, text: str, auc: float
) -> None:
    [row] = told(text, scores=[score(0, 0.9), score(1, 0.5)]).figures.to_dicts()
    assert row["roc_auc"] == auc


def test_an_identity_is_as_bad_as_its_worst_credential(told: Any) -> None:
    events = [event(0, credential_id="k"), event(0, event_id="x", trace_id="other"), event(1)]
    of_key = {"subject_kind": "credential", "subject_id": "k", "detector": "keys"}
    scores = [score(0, 0.2), score(1, 0.5), score(0, 0.9, **of_key)]
    done = told("identity_id,label\ni0,1\ni1,0\n", events=events, scores=scores)
    aucs = dict(done.figures.select("detector", "roc_auc").rows())
    assert aucs == {"all": 1, "d": 0, "keys": 1}


def test_the_negatives_can_be_parted(told: Any) -> None:
    text = "trace_id,won,tried\nt0,1,1\nt1,0,1\nt2,0,0\nt3,0,0\n"
    scores = [score(n, value) for n, value in enumerate((0.5, 0.9, 0.4, 0.1))]
    done = told(text, scores=scores, label="won", against="tried")
    aucs = dict(done.figures.select("against", "roc_auc").rows())
    assert aucs == {"all negatives": pytest.approx(2 / 3), "tried": 0, "not tried": 1}


def test_a_value_can_be_the_label_and_rows_be_left_out(told: Any) -> None:
    text = "trace_id,kind,part\nt0,attack,a\nt1,lookalike,a\nt2,attack,b\nt3,,a\n"
    scores = [score(n, value) for n, value in enumerate((0.5, 0.9, 0.4, 0.1))]
    [row] = told(text, scores=scores, label="kind=attack", where=("part=a",)).figures.to_dicts()
    assert (row["positives"], row["negatives"], row["roc_auc"]) == (1, 2, 0.5)


def test_the_rest_can_count_as_benign(told: Any) -> None:
    scores = [score(n, value) for n, value in enumerate((0.9, 0.5, 0.4, 0.1))]
    [row] = told("trace_id,label\nt1,1\n", scores=scores, rest_benign=True).figures.to_dicts()
    assert (row["positives"], row["negatives"]) == (1, 3)
    assert row["roc_auc"] == pytest.approx(2 / 3)


@pytest.mark.parametrize(
    ("content", "columns", "told_so"),
    [
        (b"trace_id,bad\nt0,1\n", {}, "expected a column of label, .*--label"),
        (b"run,label\nt0,1\n", {}, "expected a column of event_id.*--subject"),
        (b"run,label\nt0,1\n", {"subject": "run"}, "KIND=COLUMN"),
        (b"trace_id,label\nt0,1\n", {"against": "tried"}, "expected a column tried"),
        (b"trace_id,label\nt0,maybe\n", {}, "expected 0 or 1 in label, got 'maybe'"),
        (b"trace_id,label\nt0,1\nt0,0\n", {}, "several that differ for 't0'"),
        (b"trace_id,label\nt0,1\n", {"where": ("part",)}, "COLUMN=VALUE"),
        (b"trace_id,label,started_at\nt0,1,soon\n", {}, "ISO 8601 in started_at, got 'soon'"),
        (b"\xff\xfet\x00,\x00", {}, "expected CSV in UTF-8"),
        (b"", {}, "expected CSV in UTF-8"),
    ],
)
def test_a_label_file_that_does_not_fit_is_one_line(
    tmp_path: Path, content: bytes, columns: dict[str, Any], told_so: str
) -> None:
    file = tmp_path / "labels.csv"
    file.write_bytes(content)
    with pytest.raises(InputError, match=told_so) as error:
        read_labels(file, Columns(**columns))
    assert "\n" not in str(error.value)


def test_one_class_only_is_told(told: Any) -> None:
    with pytest.raises(InputError, match=r"only attacks.*--rest-benign"):
        told("trace_id,label\nt0,1\n", scores=[score(0, 0.9)])


def test_no_score_at_all_is_told(told: Any) -> None:
    with pytest.raises(NotFoundError, match="by other of the labelled trace units"):
        told(FOUR, scores=[score(0, 0.9)], detectors=["other"])


PAIRS = st.lists(st.tuples(st.booleans(), st.sampled_from([0, 0.1, 0.2, 0.5, 1])), min_size=2)


@given(PAIRS.filter(lambda rows: len({label for label, _ in rows}) == 2))
def test_figures_are_those_of_brute_force_and_scikit_learn(rows: list[tuple[bool, float]]) -> None:
    labels, scores = map(np.array, zip(*rows, strict=True))
    levels = sorted(set(scores), reverse=True)
    counts = [
        np.array([np.sum((scores == level) & (labels == kind)) for level in levels])
        for kind in (True, False)
    ]
    told = figures(*counts)
    pairs = [(p > n) + (p == n) / 2 for p in scores[labels] for n in scores[~labels]]
    assert told["roc_auc"] == pytest.approx(np.mean(pairs))
    assert told["roc_auc"] == pytest.approx(roc_auc_score(labels, scores))
    assert told["average_precision"] == pytest.approx(average_precision_score(labels, scores))
    for name, rate in (("tpr_at_1pct", 0.01), ("tpr_at_5pct", 0.05)):
        lines = [t for t in (*levels, 2) if np.mean(scores[~labels] >= t) <= rate]
        assert told[name] == pytest.approx(max(np.mean(scores[labels] >= t) for t in lines))


def test_intervals_hold_the_figure_and_are_the_same_each_time() -> None:
    positive, negative = np.array([8, 5, 3, 0]), np.array([1, 3, 10, 20])
    told = with_intervals(positive, negative)
    assert told == with_intervals(positive, negative)
    for name in figures(positive, negative):
        assert 0 <= told[f"{name}_low"] <= told[name] <= told[f"{name}_high"] <= 1
    assert told["roc_auc_high"] - told["roc_auc_low"] == pytest.approx(0.16, abs=0.04)


def test_the_command_prints_tables_for_people_and_rows_for_machines(
    told: Any, lake: Lake, tmp_path: Path
) -> None:
    told(FOUR, scores=[score(0, 0.9), score(1, 0.5)])

    def command(*more: str) -> subprocess.CompletedProcess[str]:
        args = ["evaluate", str(tmp_path / "labels.csv"), "--lake", str(lake.location), *more]
        return subprocess.run(
            [sys.executable, "-m", "pipeline", *args],
            capture_output=True,
            text=True,
            check=False,
        )

    people, machine = command(), command("--format", "csv")
    assert (people.returncode, machine.returncode) == (0, 0)
    assert "roc auc" in people.stdout
    assert "by 20 a day" in people.stdout
    assert "score 0" in people.stderr
    assert machine.stdout.startswith("detector,against,positives,negatives,unscored,roc_auc,")
    wrong = command("--label", "nonsense")
    assert (wrong.returncode, wrong.stderr.count("\n")) == (1, 1)
