"""Declared to analyse or known as an analyst, and acts: told; what is declared or usual: not.

One company of many identities, each a case of its own, judged on one day.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, timezone
from typing import Any

import pytest

from detectors.base import Finding, Severity, Window
from detectors.capability_mismatch import CapabilityMismatch
from pipeline.baselines import roll_up
from pipeline.lake import Lake
from pipeline.reader import LakeReader
from pipeline.schemas import EVENTS, IDENTITIES

DAY = date(2026, 3, 20)
WINDOW = Window.of_day(DAY, history_days=30)
LONG, SHORT = range(1, 17), range(1, 6)
ACCESS = {
    "search_claims": "read",
    "read_notes": "read",
    "update_claim": "write",
    "save_report": "write",
    "run_job": "execute",
    "export_claims": "read",
    "send_report": "write",
    "approve_claim": "write",
    "pay_invoice": "write",
    "add_member": "permission",
    "assume_role": "delegate",
    "send_\x1b[31m'; drop table events; --": "write",
}


@dataclass(frozen=True)
class Case:
    """What an identity did each day of `history` (days ago), what on DAY, and its inventory."""

    today: tuple[str, ...]
    usual: tuple[str, ...] = ("search_claims",)
    history: range | tuple[int, ...] = LONG
    declared: str | None = None
    tools: tuple[str, ...] = ()
    outcome: str = "success"
    kind: str = "agent"


def analyst(*today: str, **over: Any) -> Case:
    return Case(today, **{"declared": "analyse", "history": (1,), **over})


CASES = {
    "writes": analyst("update_claim"),
    "executes": analyst("run_job"),
    "exports": analyst("export_claims"),
    "sends": analyst("send_report"),
    "approves": analyst("approve_claim"),
    "pays": analyst("pay_invoice"),
    "grants": analyst("add_member"),
    "assumes": analyst("assume_role"),
    "hostile": analyst(next(name for name in ACCESS if "drop" in name)),
    "refused": analyst("approve_claim", outcome="denied"),
    "told before": analyst("approve_claim", usual=("approve_claim",), history=(1, 2)),
    "told last month": analyst("approve_claim", usual=("approve_claim",), history=(21, 22)),
    "reads anew": analyst("read_notes"),
    "analyst of declared tools": analyst("save_report", tools=("save_report",)),
    "analyst that may write": analyst("save_report", declared="analyse;write"),
    "listed": analyst("save_report", declared="read;retrieve;write"),
    "workload declared": analyst("add_member", kind="workload"),
    "actor": analyst("update_claim", declared="act"),
    "undeclared exports": Case(("export_claims", "update_claim")),
    "undeclared of few days": Case(("export_claims",), history=SHORT),
    "undeclared of no days": Case(("export_claims",), history=()),
    "undeclared actor": Case(("send_report", "run_job"), usual=("search_claims", "update_claim")),
    "actor grants": Case(("add_member",), usual=("update_claim",)),
    "declared actor grants": Case(("add_member",), usual=("update_claim",), declared="act"),
    "payer": Case(("pay_invoice",), usual=("pay_invoice",)),
    "person": Case(("approve_claim",), kind="human"),
    "plain workload": Case(("search_claims",), kind="workload"),
}
QUIET = {
    "reads anew",
    "analyst of declared tools",
    "analyst that may write",
    "listed",
    "actor",
    "undeclared of few days",
    "undeclared of no days",
    "undeclared actor",
    "payer",
}


def call(who: str, case: Case, tool: str, ago: int) -> dict[str, Any]:
    day = DAY - timedelta(days=ago)
    return {
        "event_id": f"{who} {tool} {ago}",
        "event_time": datetime.combine(day, time(12), tzinfo=timezone.utc),
        "event_date": day,
        "source": "log",
        "identity_id": who,
        "identity_kind": case.kind,
        "action": tool,
        "tool_name": tool,
        "access": ACCESS[tool],
        "outcome": case.outcome if ago == 0 else "success",
    }


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LakeReader]:
    lake = Lake(tmp_path_factory.mktemp("company") / "lake")
    past = [call(w, c, t, ago) for w, c in CASES.items() for ago in c.history for t in c.usual]
    today = [call(who, case, tool, 0) for who, case in CASES.items() for tool in case.today]
    model = {"action": "models:Converse", "access": "execute", "tool_name": None}
    asks = {**call("asks a model", Case((), kind="workload"), "read_notes", 0), **model}
    lake.append("events", EVENTS.frame([*past, *today, asks]))
    inventory = [
        {"identity_id": w, "capability": c.declared, "allowed_tools": list(c.tools)}
        for w, c in CASES.items()
        if c.declared
    ]
    lake.append("identities", IDENTITIES.frame(inventory))
    roll_up(lake, now=WINDOW.end)
    with lake.reader() as opened:
        yield opened


def found(reader: LakeReader, **thresholds: Any) -> dict[str, Finding]:
    judgement = CapabilityMismatch(**thresholds).detect(reader, WINDOW)
    return {finding.identity_id: finding for finding in judgement.findings}


def scored(reader: LakeReader, **thresholds: Any) -> dict[str, float]:
    judgement = CapabilityMismatch(**thresholds).detect(reader, WINDOW)
    return dict(judgement.scores.select("identity_id", "score").rows())


@pytest.fixture(scope="module")
def findings(reader: LakeReader) -> dict[str, Finding]:
    return found(reader)


@pytest.fixture(scope="module")
def scores(reader: LakeReader) -> dict[str, float]:
    return scored(reader)


@pytest.mark.parametrize(
    ("who", "severity", "words"),
    [
        ("writes", Severity.MEDIUM, "writes (update_claim)"),
        ("executes", Severity.MEDIUM, "executes (run_job)"),
        ("exports", Severity.HIGH, "sends out (export_claims)"),
        ("sends", Severity.HIGH, "sends out (send_report)"),
        ("approves", Severity.HIGH, "approves (approve_claim)"),
        ("pays", Severity.HIGH, "spends (pay_invoice)"),
        ("grants", Severity.HIGH, "grants (add_member)"),
        ("assumes", Severity.HIGH, "becomes others (assume_role)"),
        ("workload declared", Severity.HIGH, "grants (add_member)"),
    ],
)
def test_a_declared_analyst_that_acts_is_told_by_what_it_does(
    findings: dict[str, Finding], who: str, severity: Severity, words: str
) -> None:
    assert findings[who].severity is severity
    assert findings[who].title == f"{who}: declared to analyse, but {words}"
    assert findings[who].evidence == [f"{who} {CASES[who].today[0]} 0"]
    assert findings[who].expected == "It is declared to analyse."
    assert "1 earlier days" in findings[who].support


def test_authority_weighs_more_than_sending_out_and_that_more_than_writing(
    scores: dict[str, float],
) -> None:
    order = ["grants", "approves", "exports", "executes", "writes"]
    assert sorted(order, key=lambda who: -scores[who]) == order


@pytest.mark.parametrize("who", sorted(QUIET))
def test_what_is_declared_or_usual_or_data_access_is_no_mismatch(
    findings: dict[str, Finding], scores: dict[str, float], who: str
) -> None:
    assert who not in findings
    assert scores[who] == 0


def test_a_refused_attempt_is_told_as_less(findings: dict[str, Finding]) -> None:
    assert findings["refused"].severity is Severity.MEDIUM
    assert findings["refused"].score == pytest.approx(0.85 * 0.6)
    assert "0 with success, 1 denied" in findings["refused"].observed


def test_it_is_told_on_the_first_days_of_each_month(
    findings: dict[str, Finding], scores: dict[str, float]
) -> None:
    assert "told before" not in findings
    assert scores["told before"] == pytest.approx(0.85 / 2)
    assert "told last month" in findings


def test_an_undeclared_analyst_by_history_that_acts_is_told_lower(
    findings: dict[str, Finding],
) -> None:
    finding = findings["undeclared exports"]
    assert finding.severity is Severity.MEDIUM
    assert finding.title.endswith(
        ": only analysed so far, now sends out and writes (export_claims)"
    )
    assert finding.expected == "It is not declared; in its history it retrieves."


@pytest.mark.parametrize("who", ["actor grants", "declared actor grants"])
def test_an_actor_that_gains_authority_is_told(findings: dict[str, Finding], who: str) -> None:
    """As medium: its own history says so, and no inventory."""
    assert findings[who].severity is Severity.MEDIUM
    assert findings[who].title == f"{who}: acts, and now grants (add_member)"


def test_who_is_judged(scores: dict[str, float]) -> None:
    assert scores.keys() == (CASES.keys() - {"person", "plain workload"}) | {"asks a model"}


def test_hostile_names_are_shown_as_text(findings: dict[str, Finding]) -> None:
    assert "\x1b" not in findings["hostile"].title + findings["hostile"].observed


@pytest.mark.parametrize(
    ("thresholds", "who"),
    [
        ({"threshold": 0.9}, "approves"),
        ({"undeclared_share": 0.1}, "undeclared exports"),
        ({"enough_days": 17}, "undeclared exports"),
        ({"known_days": 0}, "undeclared exports"),
        ({"enough_days": 17}, "actor grants"),
        ({"gained_share": 0.1}, "actor grants"),
        ({"tried_share": 0.1}, "refused"),
    ],
)
def test_thresholds_are_wired(
    reader: LakeReader, findings: dict[str, Finding], thresholds: dict[str, Any], who: str
) -> None:
    assert who in findings
    assert who not in found(reader, **thresholds)


def test_a_known_mismatch_can_be_told_again(reader: LakeReader) -> None:
    assert "told before" in found(reader, known_share=1)


def test_evidence_is_bounded(reader: LakeReader) -> None:
    assert len(found(reader, most_evidence=1)["undeclared exports"].evidence) == 1
